"""The seam between the pages' server and what knows who is asking."""

from typing import Protocol

from aiohttp import web

from gatewayd.core.refused_access import RefusedAccess
from gatewayd.core.roles import Who


class Guard(Protocol):
    """Tells who sends a request; asked once for each, before anything else is looked at."""

    def who(self, request: web.Request) -> Who | None:
        """Return who is asking, None where nobody has proved anything. Does not block."""
        ...

    def flaw(self, request: web.Request) -> web.Response | None:
        """Return the answer to a request that must not even be looked at: forged, too many."""
        ...

    def refusal(self, code: RefusedAccess, wait_s: float = 0.0) -> web.Response:
        """Return the answer that says no, in the language of the site."""
        ...
