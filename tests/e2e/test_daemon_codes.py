"""Rotating codes at the gate: one opens once, and nothing else of its holder opens at all."""

from datetime import UTC, datetime

import pytest

from gatewayd.core.rotating import write_text
from gatewayd.core.totp import OtpKey, code_of, step_at, write_key
from tests.e2e.daemon import ROSTER, Site, issue

pytestmark = [pytest.mark.timeout(180), pytest.mark.slow]

KEY = OtpKey(bytes(range(20)))
CARDS = f"{ROSTER.splitlines()[0]},otp_key\nCARD-PHONE,staff,,,,,{write_key(KEY)}\n"


def code_now(shown: str) -> str:
    """Return the code of the next step: it counts already, and longer than a slow test takes."""
    return write_text(shown, code_of(KEY, step_at(datetime.now(UTC)) + 1))


async def test_a_rotating_code_opens_once_also_over_a_kill(tmp_path):
    site = Site(tmp_path)
    (tmp_path / "cards.csv").write_text(CARDS)
    async with site:
        code, own_pass = code_now("CARD-PHONE"), issue("CARD-PHONE")
        await site.pass_through(code)
        for bare in ("CARD-PHONE", own_pass):
            assert await site.show(bare) == ("refused", "code_missing")
        with_the_pass = write_text(own_pass, code.rpartition(":")[2])
        assert await site.show(with_the_pass) == ("refused", "replayed")
        site.kill()
        await site.start()
        assert await site.show(code) == ("refused", "replayed")
        assert len(site.lane.openings) == 1
        kept = b"".join(path.read_bytes() for path in site.state.iterdir() if path.is_file())
        kept += site.gateway.logged.path.read_bytes()
        for secret in (code, write_key(KEY), "CARD-PHONE"):
            assert secret.encode() not in kept
