"""The gateway as it is, but that it gives up on an unknown outcome soon."""

from gatewayd.cli import main as command
from gatewayd.runtime import lane


def main() -> None:
    lane.UNKNOWN_AFTER_S = 1.0
    lane.SWEEP_S = 0.2
    command.main()
