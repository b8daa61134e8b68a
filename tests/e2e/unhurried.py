"""The gateway as it is, but for how often somebody may ask."""

from gatewayd.cli import main as command
from gatewayd.desk import access, sign_in


def main() -> None:
    access.ADDRESS_PER_S = access.SESSION_PER_S = 1e6
    access.ADDRESS_BURST = access.SESSION_BURST = 10**6
    sign_in.TRIES_PER_S = 1e3
    command.main()
