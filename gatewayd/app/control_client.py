"""Asks a running gateway through its control socket."""

import json
import socket
from collections.abc import Mapping
from pathlib import Path

from gatewayd.core.words import Json

SOCKET_NAME = "control.sock"
TIMEOUT_S = 180.0  # A group of guests is admitted one by one before the answer comes.


class NoGatewayError(Exception):
    """No gateway answers there; the message says what to look at."""


class NotRunningError(NoGatewayError):
    """Nobody listens there."""


def ask(directory: Path, request: Mapping[str, Json]) -> dict[str, Json]:
    """Send one request to the gateway with this state directory; return its answer."""
    path = directory / SOCKET_NAME
    line = json.dumps(request).encode() + b"\n"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(TIMEOUT_S)
            connection.connect(str(path))
            connection.sendall(line)
            with connection.makefile("rb") as answers:
                answer = json.loads(answers.readline())
    except PermissionError as error:
        raise NoGatewayError(
            f"{path}: this user may not open it; run the command as root or as a member of the "
            "gateway's group"
        ) from error
    except (FileNotFoundError, ConnectionRefusedError) as error:
        raise NotRunningError(
            f"{path}: no gateway is running here; start it with `gatewayd run`, or give its "
            "settings file with -c"
        ) from error
    except (OSError, ValueError) as error:
        raise NoGatewayError(f"{path}: the gateway did not answer: {error}") from error
    assert isinstance(answer, dict)
    return answer
