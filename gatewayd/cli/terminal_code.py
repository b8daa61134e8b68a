"""A QR code that changes, on a terminal."""

import sys
import threading
from collections.abc import Callable
from datetime import datetime
from typing import NoReturn

import click
import segno

from gatewayd.core.lane_codes import seconds_left
from gatewayd.runtime.clock import SystemClock


def show_changing(text_at: Callable[[datetime], str], heading: str) -> NoReturn:
    """Draw the code of the time, every 30 s anew, until the command is ended.

    Lanes' own codes and people's rotating ones change at the same moments.
    """
    clock, ended = SystemClock(), threading.Event()
    while True:
        at = clock.utc()
        if sys.stdout.isatty():
            click.clear()
        click.echo(heading)
        segno.make_qr(text_at(at)).terminal(compact=True)
        ended.wait(seconds_left(at))
