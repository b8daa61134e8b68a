"""Sessions of the pages in virtual time: how long they last, and what ends them."""

import asyncio
import json
from datetime import timedelta

import pytest

from gatewayd.core.roles import Role, Who
from gatewayd.desk import sessions as module
from gatewayd.desk.sessions import DAY, IDLE, KEEP_S, SCREEN_DAYS, SESSIONS_OF_ONE_MAX, csrf_token
from gatewayd.ports import StorageError
from tests.sim.loop import run
from tests.unit.desk_site import PASSWORD, DeskSite
from tests.unit.doubles import START

MANAGER, OFFICER = Who("manager", Role.MANAGER), Who("officer", Role.OFFICER)
DISPLAY = Who("t-display", Role.DISPLAY)
WALL = Who("t-auditor", Role.AUDITOR)


def played(play, site=None):
    site = site or DeskSite()
    run(play(site))
    return site


def test_a_session_is_known_by_its_secret_which_stands_nowhere():
    async def play(site):
        secret, begun = await site.sessions.begin(MANAGER)
        assert len(secret) == 43
        assert site.sessions.find(secret) is begun
        assert begun.who == MANAGER
        assert secret not in site.file.text
        assert csrf_token(secret) not in site.file.text
        for other in ("", "x", secret[:-1], secret + "A", "A" * 43, "é" * 43):
            assert site.sessions.find(other) is None

    played(play)


def test_it_outlives_a_restart():
    async def play(site):
        secret, begun = await site.sessions.begin(OFFICER)
        site.restart()
        found = site.sessions.find(secret)
        assert (found.who, found.ends) == (OFFICER, begun.ends)

    played(play)


@pytest.mark.parametrize(
    ("who", "lasts"),
    [(OFFICER, timedelta(hours=12)), (DISPLAY, SCREEN_DAYS), (WALL, SCREEN_DAYS)],
)
def test_an_officer_with_wet_hands_and_a_screen_stay_signed_in(who, lasts):
    async def play(site):
        secret, begun = await site.sessions.begin(who)
        assert begun.ends == START + lasts
        site.clock.passed_s += lasts.total_seconds() - 1
        assert site.sessions.find(secret) is not None
        site.clock.passed_s += 1
        assert site.sessions.find(secret) is None

    played(play)


@pytest.mark.parametrize("role", [Role.MANAGER, Role.TECHNICIAN, Role.AUDITOR])
def test_others_are_signed_out_when_they_walk_away_and_at_the_end_of_the_day(role):
    async def play(site):
        secret, begun = await site.sessions.begin(Who(str(role), role))
        site.clock.passed_s += IDLE.total_seconds() - 1
        site.sessions.touch(begun)
        while site.clock.utc() + IDLE < begun.ends:
            site.clock.passed_s += IDLE.total_seconds() - 1
            assert site.sessions.find(secret) is begun
            site.sessions.touch(begun)
        site.clock.passed_s += IDLE.total_seconds()
        assert site.sessions.find(secret) is None
        assert begun.ends == START + DAY
        secret, _ = await site.sessions.begin(Who(str(role), role))
        site.clock.passed_s += IDLE.total_seconds()
        assert site.sessions.find(secret) is None

    played(play)


def test_it_ends_with_the_account_its_secret_and_its_role():
    async def play(site):
        accounts = site.accounts
        for change in (
            lambda: accounts.set(accounts.known["manager"], "another one of words"),
            lambda: accounts.set(accounts.known["manager"], PASSWORD),
            lambda: accounts.remove("manager"),
        ):
            secret, _ = await site.sessions.begin(MANAGER)
            assert site.sessions.has("manager")
            change()
            assert not site.sessions.has("manager")
            assert site.sessions.find(secret) is None
        secret, _ = await site.sessions.begin(MANAGER)
        assert site.sessions.find(secret) is None, "removed before it began"
        secret, _ = await site.sessions.begin(Who("officer", Role.MANAGER))
        assert site.sessions.find(secret) is None, "a role that is not the account's"
        secret, _ = await site.sessions.begin(DISPLAY)
        accounts.remove_token("t-display")
        assert site.sessions.find(secret) is None

    played(play)


def test_there_is_an_end_to_sessions(monkeypatch):
    monkeypatch.setattr(module, "SESSIONS_MAX", 30)

    async def play(site):
        first, _ = await site.sessions.begin(MANAGER)
        secrets = [(await site.sessions.begin(OFFICER))[0] for _ in range(SESSIONS_OF_ONE_MAX + 5)]
        assert site.sessions.find(first) is not None, "others lose nothing by it"
        found = [one for one in secrets if site.sessions.find(one) is not None]
        assert found == secrets[5:], "the oldest go"
        for number in range(40):
            await site.sessions.begin(Who(f"x-{number}", Role.MANAGER))
        assert len(site.sessions) == 30
        site.clock.passed_s += 401 * 86_400
        await site.sessions.begin(MANAGER)
        assert len(site.sessions) == 1

    played(play)


def test_who_was_seen_when_is_kept_now_and_then():
    async def play(site):
        _, begun = await site.sessions.begin(MANAGER)
        keeping = asyncio.create_task(site.sessions.run())
        await asyncio.sleep(KEEP_S * 5)
        assert site.file.write_count == 1, "nothing happened"
        site.sessions.touch(begun)
        await asyncio.sleep(KEEP_S * 5)
        assert site.file.write_count == 2
        assert json.loads(site.file.text)["sessions"][0]["seen"] == "2021-11-29T01:05:00.000Z"
        site.accounts.refusal = "the disk is full"
        await asyncio.sleep(KEEP_S)
        keeping.cancel()

    played(play)


def test_a_disk_that_refuses_keeps_nobody_out():
    async def play(site):
        site.file.refusal = "the disk is full"
        secret, begun = await site.sessions.begin(MANAGER)
        assert site.sessions.find(secret) is begun
        await site.sessions.end(begun)
        assert site.sessions.find(secret) is None
        site.restart()
        assert len(site.sessions) == 0

    played(play)


@pytest.mark.parametrize(
    "change",
    [
        lambda found: found.update(version=2),
        lambda found: found["sessions"][0].pop("stamp"),
        lambda found: found["sessions"][0].update(role="king"),
        lambda found: found["sessions"][0].update(ends="tomorrow"),
    ],
    ids=["version", "stamp", "role", "ends"],
)
def test_a_file_of_another_kind_is_none(change):
    async def play(site):
        await site.sessions.begin(MANAGER)
        found = json.loads(site.file.text)
        change(found)
        site.file.text = json.dumps(found)
        with pytest.raises((ValueError, KeyError)):
            site.file.read(module._parse)

    played(play)


def test_the_file_that_refuses_says_so():
    site = DeskSite()
    site.file.refusal = "the disk is full"
    with pytest.raises(StorageError):
        site.file.write({})
