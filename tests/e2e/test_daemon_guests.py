"""Guests: invitations for a number of entries, and badges that the officer gives."""

import secrets
from datetime import UTC, datetime, timedelta

import pytest

from gatewayd.core.passes import Pass, badge_subject, write_pass
from tests.e2e.daemon import KEY, Site, until

pytestmark = [pytest.mark.timeout(180), pytest.mark.slow]


def guest_pass(subject: str, entries: int) -> str:
    now = datetime.now(UTC).replace(microsecond=0)
    content = Pass(
        issuer="test",
        subject=subject,
        category="visitor",
        issued_at=now,
        not_before=now - timedelta(hours=1),
        not_after=now + timedelta(hours=1),
        pass_id=secrets.token_bytes(8),
        purpose="paspor",
        entries=entries,
    )
    return write_pass(content, KEY)


async def test_an_invitation_is_used_up_also_over_a_kill(tmp_path):
    invitation = guest_pass("INV-1", 1)
    async with Site(tmp_path) as site:
        await site.pass_through(invitation)
        await site.pass_through(invitation, "exit")
        site.kill()
        await site.start()
        assert await site.show(invitation) == ("refused", "entries_used")


async def test_a_guest_comes_in_by_the_officers_word_and_leaves_with_a_badge(tmp_path):
    badge = guest_pass(badge_subject(17), 0)
    async with Site(tmp_path) as site:
        assert await site.show(badge) == ("refused", "entries_used")
        admit = ("admit", "--lane", "lane-1", "--reason", "guest", "--healthy", "--protocol")
        code, told, error = await site.cli(*admit, "--badge", "17")
        assert (code, told) == (0, "admitted: 1\n"), error
        await until(lambda: site.inside() == 1)
        await site.pass_through(badge, "exit")
        await until(lambda: site.inside() == 0)
        came, left = site.journal("passage.completed")
        assert came["data"]["holder"] == left["data"]["holder"]
        assert "not_inside" not in site.journal("access")[-1]["data"].get("findings", [])
        code, _, error = await site.cli(*admit, "--badge", "17", "--count", "2")
        assert code == 1
        assert "one guest" in error
