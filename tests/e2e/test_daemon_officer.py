"""The officer's commands, typed as an officer does."""

import pytest

from tests.e2e.daemon import Site, issue, until
from tests.e2e.input_board import InputBoard
from tests.e2e.pty_pair import PtyPair

pytestmark = [pytest.mark.timeout(120), pytest.mark.slow]

REFERRING = """\
[policy]
unknown_holder = "refer"
capacity.total = 4
"""
DECLARED = ("--healthy", "--protocol")


async def test_a_guest_is_admitted_only_on_a_whole_declaration(tmp_path):
    async with Site(tmp_path) as site:
        admit = ("admit", "--lane", "lane-1", "--reason", "no phone")
        code, out, error = await site.cli(*admit, "--healthy")
        assert (code, out) == (1, "")
        assert "not admitted (attestation_incomplete): Pernyataan belum lengkap." in error
        assert "Declare it with --healthy and --protocol" in error
        assert await site.cli(*admit, *DECLARED) == (0, "admitted: 1\n", "")
        await until(lambda: site.inside() == 1)
        code, _, error = await site.cli("admit", "--lane", "lane-9", "--reason", "x", *DECLARED)
        assert (code, error) == (1, "`lane` is one of: lane-1\n")
        outcomes = [event["type"].split(".")[2] for event in site.journal("access")]
        assert outcomes == ["refused", "admitted"]
        attested = site.journal("access")[-1]["data"]["attestation"]
        assert attested["reason"] == "no phone"
        assert attested["officer"].startswith("uid:")


async def test_a_group_is_let_in_one_by_one_until_the_house_is_full(tmp_path):
    async with Site(tmp_path, settings=REFERRING) as site:
        admit = ("admit", "--lane", "lane-1", "--reason", "a group", *DECLARED)
        assert await site.cli(*admit, "--count", "3") == (0, "admitted: 3\n", "")
        await until(lambda: site.inside() == 3)
        assert len(set(site.lane.openings)) == 3
        code, _, error = await site.cli(*admit, "--count", "2")
        assert code == 1
        assert "not admitted (capacity_full): Gedung sedang penuh." in error
        assert "1 of 2 came in before" in error
        await until(lambda: site.inside() == 4)


async def test_referrals_are_listed_and_settled_by_number(tmp_path):
    async with Site(tmp_path, settings=REFERRING) as site:
        assert await site.show("CARD-NOBODY") == ("referred", "unknown_holder")
        assert await site.show("CARD-NEITHER") == ("referred", "unknown_holder")
        code, out, _ = await site.cli("referral", "list")
        assert code == 0
        assert [line.split()[:3] for line in out.splitlines()] == [
            ["1", "lane-1", "unknown_holder"],
            ["2", "lane-1", "unknown_holder"],
        ]
        assert (await site.cli("referral", "admit", "1", "--healthy"))[0] == 1
        admitted = await site.cli("referral", "admit", "1", *DECLARED)
        assert admitted == (0, "referral 1: admitted\n", "")
        refused = await site.cli("referral", "refuse", "2", "--reason", "went away")
        assert refused == (0, "referral 2: refused\n", "")
        code, _, error = await site.cli("referral", "admit", "2", *DECLARED)
        assert (code, "no referral 2 is open" in error) == (1, True)
        assert (await site.cli("referral", "list"))[1] == "nobody is waiting\n"
        await until(lambda: site.inside() == 1)


async def test_who_left_unseen_is_forgiven_and_may_come_in_again(tmp_path):
    async with Site(tmp_path) as site:
        await site.pass_through(issue("S-1"))
        assert await site.show(issue("S-1")) == ("refused", "already_inside")
        forgive = ("forgive", "--reason", "left with a group")
        for wrong in ((), ("--id", "S-1", "--holder", "x"), ("--id", "S-2")):
            assert (await site.cli(*forgive, *wrong))[0] == 1
        code, out, _ = await site.cli(*forgive, "--id", "S-1")
        assert code == 0
        holder = out.split(":")[0]
        await site.pass_through(issue("S-1"))
        [audit] = [
            event["data"]
            for event in site.journal("audit.officer")
            if event["data"]["action"] == "forgiven"
        ]
        assert audit["detail"]["holder"] == holder
        assert "S-1" not in str(audit)
        occupancy = site.status()["occupancy"]
        assert (occupancy["total"], occupancy["uncertain"]) == (2, 1)


async def test_the_count_is_corrected_and_lanes_are_ordered(tmp_path):
    async with Site(tmp_path) as site:
        corrected = await site.cli("count", "--set", "12", "--reason", "counted by hand")
        assert corrected == (0, "visitor: 0 -> 12\n", "")
        assert site.inside() == 12
        for order, state in (("lock", "exitonly"), ("free", "free"), ("resume", "idle")):
            assert (await site.cli("lane", order, "lane-1"))[0] == 0
            assert site.status()["lanes"]["lane-1"]["state"] == state
        actions = [event["data"]["action"] for event in site.journal("audit.officer")]
        assert actions == ["count_set", "lane_ordered", "lane_ordered", "lane_ordered"]


async def test_what_is_recorded_and_decided_from_can_be_read(tmp_path):
    async with Site(tmp_path) as site:
        await site.pass_through(issue("1001"))
        _, out, _ = await site.cli("journal", "tail", "-n", "1")
        assert "onegate.passage.completed.v1" in out
        _, out, _ = await site.cli("journal", "export", "--format", "csv")
        assert out.startswith("id,time,type,data")
        assert out.count("onegate.access.admitted.v1") == 1
        assert site.stop() == 0
        _, out, _ = await site.cli("cache", "list", "holders")
        assert "category=staff" in out
        assert "inside_since=" in out
        code, out, _ = await site.cli("cache", "get", "counts", "occupancy")
        assert (code, '"staff": 1' in out) == (0, True)
        assert (await site.cli("cache", "get", "holders", "nobody"))[0] == 1


@pytest.mark.parametrize(
    "command",
    [
        ("status",),
        ("admit", "--lane", "lane-1", "--reason", "x"),
        ("referral", "list"),
        ("lane", "lock", "lane-1"),
        ("count", "--set", "1", "--reason", "x"),
    ],
)
async def test_without_a_running_gateway_the_answer_says_so(tmp_path, command):
    site = Site(tmp_path)
    code, out, error = await site.cli(*command)
    assert (code, out) == (2, "")
    assert "no gateway is running here; start it with `gatewayd run`" in error


async def test_an_officer_signs_on_by_pin_and_stands_in_the_records_also_over_a_restart(tmp_path):
    settings = "[policy]\nofficer_required = true\n"
    async with Site(tmp_path, settings=settings) as site:
        admit = ("admit", "--lane", "lane-1", "--reason", "no phone", *DECLARED)
        code, _, error = await site.cli(*admit)
        assert (code, "Sign on with `gatewayd officer in`" in error) == (1, True)
        assert (await site.cli("officer", "list"))[1] == (
            "nobody is on duty: nobody can be admitted by hand\nwith a PIN: nobody\n"
        )
        added = await site.cli("officer", "add", "petugas-1", typed="274931")
        assert added == (0, "petugas-1 can sign on\n", "")
        wrong = await site.cli("officer", "in", "petugas-1", typed="274932")
        assert wrong[:2] == (1, "")
        assert "that is not the PIN of petugas-1" in wrong[2]
        code, out, _ = await site.cli("officer", "in", "petugas-1", typed="274931")
        assert (code, out.startswith("petugas-1 is on duty since ")) == (0, True)
        assert "already" in (await site.cli("officer", "in", "petugas-1", typed="274931"))[1]
        assert (await site.cli("officer", "in"))[0] == 2
        _, listed, _ = await site.cli("officer", "list")
        assert [line.split(",")[0][:26] for line in listed.splitlines()] == [
            "petugas-1  on duty since 2",
            "with a PIN: petugas-1",
        ]
        site.kill()
        await site.start()
        assert site.status()["on_duty"][0]["officer"] == "petugas-1"
        assert (await site.cli(*admit))[0] == 0
        attested = site.journal("access.admitted")[-1]["data"]["attestation"]
        assert (attested["officer"], attested["caller"][:4]) == ("petugas-1", "uid:")
        assert (await site.cli("officer", "out"))[:2] == (0, "petugas-1 is off duty\n")
        assert (await site.cli("officer", "remove", "petugas-1"))[0] == 0
        written = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert [path for path in written if b"274931" in path.read_bytes()] == []


async def test_who_needs_help_is_seen_at_the_desk_and_answered(tmp_path):
    """R40."""
    (tmp_path / "help").mkdir()
    with PtyPair(tmp_path / "help") as cable:
        settings = (
            '[[assist_buttons]]\nid = "help-1"\nlane = "lane-1"\n[assist_buttons.sensor]\n'
            f'driver = "modbus_input"\nport = "{cable.left}"\naddress = 2\ninput = 4\n'
        )
        async with (
            InputBoard(str(cable.right)) as board,
            Site(tmp_path, settings=settings) as site,
        ):
            await until(lambda: board.asked_count > 1)
            board.closed = {4}
            await until(lambda: site.status()["assists"] != [])
            board.closed = set()
            assert await site.show("CARD-BLOCKED") == ("refused", "blocked")
            assert await site.show("CARD-NOBODY") == ("refused", "unknown_holder")
            await until(lambda: len(site.status()["assists"]) == 2)
            assert (await site.cli("assist", "request", "lane-1"))[0] == 0
            _, out, _ = await site.cli("assist", "list")
            assert [line.split()[2:5] for line in out.splitlines()] == [
                ["the", "help", "button"],
                ["two", "scans", "failed"],
                ["asked", "for", "at"],
            ]
            code, out, _ = await site.cli("assist", "done", "1", "--note", "the reader was wet")
            assert (code, out.startswith("1: helped after ")) == (0, True)
            assert (await site.cli("assist", "done", "1"))[0] == 1
            assert len(site.status()["assists"]) == 2
