"""A state directory that cannot be used, is in use, or fills up while people come and go."""

import contextlib
import sqlite3
import subprocess

import pytest

from gatewayd.store.reserve import RESERVE_SIZE
from tests.e2e.daemon import GATEWAYD, Site, issue, until
from tests.e2e.small_disk import small_disk

pytestmark = [pytest.mark.timeout(120), pytest.mark.slow]


@pytest.fixture
def disk(tmp_path, request):
    """A small disk of its own for the state directory; only root can make one.

    Of 4 MB, too small for a reserve, or as large as the parameter says.
    """
    (tmp_path / "s").mkdir()
    with small_disk(tmp_path / "s", getattr(request, "param", "4m")) as is_there:
        if not is_there:
            pytest.skip("mounting a disk needs root")
        yield tmp_path / "s"


def run(folder):
    command = [*GATEWAYD, "run", "-c", str(folder / "gate.toml")]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_a_file_in_the_way_of_the_state_directory_is_named_with_what_to_do(tmp_path):
    site = Site(tmp_path)
    site.state.write_text("a file where the directory should be")
    ended = run(tmp_path)
    assert ended.returncode == 1
    assert f"{site.state}: there is a file in the way" in ended.stderr
    assert "give [storage] directory another path" in ended.stderr


def test_a_read_only_disk_is_named_with_what_to_do(tmp_path, disk):
    Site(tmp_path)
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    ended = run(tmp_path)
    assert ended.returncode == 1
    assert "the disk is read-only: mount it writable again" in ended.stderr


async def test_a_second_gateway_on_the_same_directory_names_the_first_and_ends(tmp_path):
    async with Site(tmp_path) as site:
        ended = run(tmp_path)
        assert ended.returncode == 1
        assert f"in use by another gatewayd, process {site.gateway.process.pid}: " in ended.stderr
        assert "systemctl stop gatewayd" in ended.stderr
        await site.pass_through(issue("1001"))


@pytest.mark.parametrize(("rule", "shown"), [("refuse", "refused"), ("refer", "ask_officer")])
async def test_a_full_disk_closes_the_entry_and_never_the_exit(tmp_path, disk, rule, shown):
    settings = f'[journal]\nwhen_disk_refuses = "{rule}"\n'
    async with Site(tmp_path, settings=settings) as site:
        await site.pass_through(issue("1001"))
        await site.pass_through(issue("1002"))
        fill(disk / "ballast")
        count = 2 + await people_come_until_it_refuses(site)
        site.lane.scan(issue("1004"))
        await until(lambda: site.status()["journal"]["missed_verdicts"] == 2)
        await until(lambda: len(site.lane.turnstile.told("indicated", signal=shown)) == 2)
        site.lane.scan(issue("1001"), "exit")
        await until(lambda: site.lane.turnstile.told("passed", direction="exit"))
        status = site.status()
        assert "the disk is full: free some space" in status["journal"]["refusal"]
        assert "journal_refuses/gateway" in status["alarms"]
        (refused,) = site.log("journal_refuses")  # The log has the path of the file besides.
        assert refused["what_to_do"].endswith(status["journal"]["refusal"])
        assert "THE DISK REFUSES" in (await site.cli("status"))[1]
        assert len(site.lane.openings) == count + 1

        (disk / "ballast").unlink()
        await until(lambda: site.log("journal_recovered", missed_verdicts=3))
        await until(lambda: site.inside() == count - 1)
        await site.pass_through(issue("1005"))
        assert "journal_refuses/gateway" not in site.status()["alarms"]
        recovered = [event["data"]["detail"] for event in site.journal("audit.journal")]
        missed = [detail["missed_verdicts"] for detail in recovered if "missed_verdicts" in detail]
        assert missed == [3]
        told = [event["type"] for event in site.journal("alarm")]
        assert told[-2:] == ["onegate.alarm.raised.v1", "onegate.alarm.cleared.v1"]


@pytest.mark.parametrize("disk", ["40m"], indirect=True)
async def test_the_last_events_fit_on_a_full_disk_and_it_starts_there_again(tmp_path, disk):
    reserve = disk / "journal.reserve"
    async with Site(tmp_path) as site:
        await until(lambda: reserve.exists() and reserve.stat().st_size == RESERVE_SIZE)
        fill(disk / "ballast")
        await people_come(site, "1001", "1002", "1003")
        site.kill()
        await site.start()
        await people_come(site, "1004", "1005", "1006")
        await until(lambda: "disk_full/gateway" in site.status()["alarms"])
        assert reserve.stat().st_size < RESERVE_SIZE
        assert not site.log("journal_refuses")

        (disk / "ballast").unlink()
        await until(lambda: "disk_full/gateway" not in site.status()["alarms"])
        assert reserve.stat().st_size == RESERVE_SIZE
        code, out, error = await site.cli("journal", "verify")
        assert code == 0, out + error


async def test_a_program_that_locks_the_journal_closes_the_entry_for_as_long(tmp_path):
    async with Site(tmp_path) as site:
        await site.pass_through(issue("1001"))
        other = sqlite3.connect(site.state / "journal.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        site.lane.scan(issue("1002"))
        await until(lambda: site.lane.turnstile.told("indicated", signal="wait"))
        await until(lambda: site.status()["journal"]["refusal"] is not None)
        assert "another program holds the file" in site.status()["journal"]["refusal"]
        site.lane.scan(issue("1001"), "exit")
        await until(lambda: site.lane.turnstile.told("passed", direction="exit"))
        other.execute("ROLLBACK")
        other.close()
        await until(lambda: site.log("journal_recovered"))
        await until(lambda: site.inside() == 0)
        await site.pass_through(issue("1003"))
        assert len(site.lane.openings) == 3


async def people_come_until_it_refuses(site):
    """Return how many still came in: the write-ahead log has some room that it had taken before."""
    turnstile, admitted = site.lane.turnstile, 0
    while True:
        bodies = len(turnstile.told("passed")) + 1
        site.lane.scan(issue(str(2000 + admitted)))
        await until(
            lambda bodies=bodies: (
                len(turnstile.told("passed")) == bodies
                or site.status()["journal"]["missed_verdicts"]
            )
        )
        if site.status()["journal"]["missed_verdicts"]:
            return admitted
        admitted += 1


async def people_come(site, *numbers):
    for number in numbers:
        await site.pass_through(issue(number))


def fill(path):
    with path.open("wb", buffering=0) as ballast, contextlib.suppress(OSError):
        while ballast.write(bytes(4096)):
            pass
