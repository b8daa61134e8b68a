"""Whatever is held up to a reader: one verdict with its reason, and nothing opens that should not."""

import pytest

from gatewayd.core import base45
from tests.e2e.daemon import FORGERS_KEY, Site, issue

pytestmark = pytest.mark.timeout(120)


def altered(code: str) -> str:
    """Return the code with the last byte of its signature changed."""
    prefix, _, content = code.partition(":")
    data = base45.decode(content)
    return f"{prefix}:{base45.encode(data[:-1] + bytes([data[-1] ^ 1]))}"


async def test_a_bad_scan_has_one_verdict_and_opens_nothing(tmp_path):
    good = issue("1001")
    async with Site(tmp_path) as site:
        verdicts = [
            await site.show(code)
            for code in (
                issue("1001", key=FORGERS_KEY),
                altered(good),
                issue("1001", days=-1),
                good[:64],
                "A" * 4297,
                bytes(range(0x80, 0xA0)),
                "CARD-BLOCKED",
                "CARD-NOBODY",
            )
        ]
        reasons = [
            "unknown_key",
            "signature",
            "expired",
            "cbor",
            "too_large",
            "unreadable_binary",
            "blocked",
            "unknown_holder",
        ]
        assert verdicts == [("refused", reason) for reason in reasons]
        assert [event["data"]["reason"] for event in site.journal("access")] == reasons
        assert site.lane.openings == []


async def test_empty_lines_and_the_same_code_again_are_noise(tmp_path):
    async with Site(tmp_path) as site:
        assert await site.show("CARD-NOBODY\r\r\rCARD-NOBODY") == ("refused", "unknown_holder")
        await site.pass_through("CARD-STAFF")
        assert len(site.journal("access")) == 2
        assert site.status()["lanes"]["lane-1"]["noise"] == 3


async def test_the_longest_code_is_read_whole(tmp_path):
    async with Site(tmp_path) as site:
        assert await site.show("A" * 4296) == ("refused", "prefix")
