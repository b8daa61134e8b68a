"""The gateway as it is, but for how often somebody may ask: `python -m tests.e2e.unhurried run`."""

from gatewayd.cli.main import main
from gatewayd.desk import access, sign_in

if __name__ == "__main__":
    access.ADDRESS_PER_S = access.SESSION_PER_S = 1e6
    access.ADDRESS_BURST = access.SESSION_BURST = 10**6
    sign_in.TRIES_PER_S = 1e3
    main()
