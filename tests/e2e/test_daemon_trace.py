"""A trace at a running gateway: two people's codes, and a record of it that goes out."""

import pytest

from tests.e2e.daemon import Site, issue, until

pytestmark = [pytest.mark.timeout(120), pytest.mark.slow]


async def test_a_trace_is_told_to_two_people_and_stands_in_the_journal(tmp_path):
    """R07, R25, R36: tracing."""
    async with Site(tmp_path) as site:
        for label, code in (("manager", "kucing-belang-tiga"), ("doctor", "hujan-di-bulan-juni")):
            (tmp_path / label).touch(0o600)
            (tmp_path / label).write_text(code)
            added = await site.cli(
                "trace", "release", "add", label, "--code-file", str(tmp_path / label)
            )
            assert added[0] == 0, added
        await site.pass_through(issue("S-1"))
        await site.pass_through(issue("S-2"))
        await until(lambda: site.inside() == 2)
        manager, doctor = (("--code-file", str(tmp_path / name)) for name in ("manager", "doctor"))
        code, out, _ = await site.cli("trace", "--id", "S-1", *manager, *doctor)
        assert code == 0
        assert "released by manager and doctor, and recorded" in out
        refused = await site.cli("trace", "--id", "S-1", *doctor, *doctor)
        assert refused[:2] == (1, "")
        noted = [
            (event["data"]["action"], event["data"]["detail"])
            for event in site.journal("audit")
            if event["data"]["action"].startswith(("trace", "release"))
        ]
        assert [action for action, _ in noted] == [
            "release_code_added",
            "release_code_added",
            "trace_released",
            "trace_refused",
        ]
        assert noted[2][1]["labels"] == ["manager", "doctor"]
        assert all(detail["officer"].startswith("uid:") for _, detail in noted)
