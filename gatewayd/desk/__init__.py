"""The pages of a gate and its HTTP API."""
