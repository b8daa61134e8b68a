"""One gate for a building: reads codes, decides locally, opens for one person, tells the centre."""

__version__ = "0.1.0"
