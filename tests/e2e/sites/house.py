"""What the days of the five sites share: passes with a colour, officers who answer, counts."""

import json
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from gatewayd.core.passes import Pass, write_pass
from gatewayd.core.words import Status
from tests.e2e.daemon import KEY, Site, until

DECLARED = ("--healthy", "--protocol")


def coloured(subject: str, category: str, colour: str | None = "green") -> str:
    """Return the code of a pass that says this colour, as a centre issues them; a new one each time.

    Readers drop the same code within two seconds.
    """
    now = datetime.now(UTC).replace(microsecond=0)
    content = Pass(
        issuer="test",
        subject=subject,
        category=category,
        issued_at=now,
        not_before=now,
        not_after=now + timedelta(days=1),
        pass_id=secrets.token_bytes(8),
        status=None if colour is None else Status(colour),
        status_until=None if colour is None else now + timedelta(hours=12),
    )
    return write_pass(content, KEY)


async def sign_on(site: Site, officer: str = "petugas-1", pin: str = "274931") -> None:
    """Have an officer begin their duty, with a PIN that they are given first."""
    for do in ("add", "in"):
        code, told, error = await site.cli("officer", do, officer, typed=pin)
        assert code == 0, told + error


async def settle(site: Site, *declared: str) -> tuple[int, str]:
    """Have the officer admit whoever was referred last; return exit code and what was said."""
    [*_, row] = site.ask(do="referrals")["referrals"]
    code, out, error = await site.cli("referral", "admit", str(row["referral"]), *declared)
    return code, out or error


async def counted(site: Site, **by_category: int) -> None:
    """Wait until so many are inside."""
    wanted = {name: number for name, number in by_category.items() if number}
    await until(lambda: site.status()["occupancy"]["by_category"] == wanted)


async def explained(site: Site, *arguments: str) -> dict[str, Any]:
    _, out, error = await site.cli("policy", "explain", "--json", *arguments)
    assert out, error
    return json.loads(out)
