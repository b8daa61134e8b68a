"""The gateway as it is, but that it gives up on an unknown outcome soon: `python -m tests.crash.hasty run`."""

from gatewayd.cli.main import main
from gatewayd.runtime import lane

if __name__ == "__main__":
    lane.UNKNOWN_AFTER_S = 1.0
    lane.SWEEP_S = 0.2
    main()
