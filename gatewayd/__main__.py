"""`python -m gatewayd` is the command `gatewayd`."""

from gatewayd.cli.main import main

main()
