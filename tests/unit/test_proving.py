"""Tries at secrets, in virtual time: how many, how fast, and what the answers tell."""

import asyncio
from datetime import timedelta

import pytest

from gatewayd.core.accounts import Account, Denied
from gatewayd.core.events import Audit
from gatewayd.core.refused_access import RefusedAccess
from gatewayd.core.roles import Role
from gatewayd.runtime import proving as module
from gatewayd.runtime.proving import ANSWER_S, LOCKED_S, WAITING_MAX, WRONG_MAX, Proving
from tests.sim.loop import run
from tests.unit.doubles import START, SimAccounts, SimTurnstile, Site

LABEL, PIN = "petugas-1", "274931"
WRONG = Denied(RefusedAccess.WRONG)


def played(play, accounts=None, delay_s=0.06):
    site = Site([SimTurnstile()])
    site.blocking.delay_s = delay_s
    accounts = accounts or SimAccounts(**{LABEL: (Role.OFFICER, PIN)})

    async def main():
        async with site.running():
            proving = Proving(accounts, site.blocking, site.clock, site.recorder)
            await play(proving, site, accounts)

    run(main())
    return [(fact.action, fact.detail["officer"]) for fact in site.facts(Audit)]


def test_a_no_tells_by_nothing_whether_there_is_such_a_label():
    async def play(proving, site, accounts):
        told = []
        for label in (LABEL, "petugas-9", "No Label"):
            began_s = site.clock.monotonic()
            answer = await proving.prove(label, "000000", "page")
            told.append((answer, round(site.clock.monotonic() - began_s, 6)))
        assert told == [(WRONG, ANSWER_S)] * 3
        assert accounts.check_count == 3, "the work is done for each of them"

    assert played(play) == [("sign_in_refused", LABEL), ("sign_in_refused", "unknown")]


def test_a_label_that_there_is_not_is_locked_like_one_that_there_is():
    async def play(proving, site, accounts):
        for label in (LABEL, "petugas-9"):
            for _ in range(WRONG_MAX):
                assert await proving.prove(label, "000000", "page") == WRONG
            locked = await proving.prove(label, PIN, "page")
            assert locked.code is RefusedAccess.LOCKED
            assert LOCKED_S - ANSWER_S <= locked.wait_s <= LOCKED_S

    told = played(play)
    assert told.count(("sign_in_locked", LABEL)) == 1
    assert told.count(("sign_in_refused", "unknown")) == 1, "guesses at labels fill no journal"


def test_a_lock_outlives_a_restart_and_ends():
    accounts = SimAccounts(**{LABEL: (Role.OFFICER, PIN)})
    accounts.locks[LABEL] = START + timedelta(seconds=100)

    async def play(proving, site, accounts):
        locked = await proving.prove(LABEL, PIN, "page")
        assert locked.code is RefusedAccess.LOCKED
        assert 99 < locked.wait_s <= 100
        await asyncio.sleep(100)
        assert isinstance(await proving.prove(LABEL, PIN, "page"), Account)

    played(play, accounts)


def test_a_clock_that_was_set_back_keeps_nobody_out_for_years():
    accounts = SimAccounts(**{LABEL: (Role.OFFICER, PIN)})
    accounts.locks[LABEL] = START + timedelta(days=700)

    async def play(proving, site, accounts):
        assert (await proving.prove(LABEL, PIN, "page")).wait_s == LOCKED_S

    played(play, accounts)


def test_a_lock_that_the_disk_does_not_take_counts_all_the_same():
    async def play(proving, site, accounts):
        accounts.refusal = "the disk is full"
        for _ in range(WRONG_MAX):
            await proving.prove(LABEL, "000000", "page")
        assert (await proving.prove(LABEL, PIN, "page")).code is RefusedAccess.LOCKED
        assert accounts.locks == {}

    played(play)


def test_one_check_at_a_time_and_few_wait():
    async def play(proving, site, accounts):
        labels = [f"o-{number}" for number in range(WAITING_MAX + 3)]
        began_s = site.clock.monotonic()
        answers = await asyncio.gather(*(proving.prove(one, PIN, "page") for one in labels))
        busy = [one for one in answers if one.code is RefusedAccess.BUSY]
        assert len(busy) == 3
        assert accounts.check_count == WAITING_MAX
        assert site.clock.monotonic() - began_s >= WAITING_MAX * 0.5

    played(play, delay_s=0.5)


def test_the_labels_that_somebody_makes_up_are_forgotten(monkeypatch):
    monkeypatch.setattr(module, "LABELS_MAX", 10)

    async def play(proving, site, accounts):
        for number in range(50):
            await proving.prove(f"x-{number}", "000000", "page")
        assert len(proving._tries) == 10

    played(play)


def test_who_is_removed_while_the_secret_is_checked_is_not_let_in():
    async def play(proving, site, accounts):
        def is_right_then_gone(label, secret):
            accounts.remove(label)
            return True

        accounts.is_right = is_right_then_gone
        assert await proving.prove(LABEL, PIN, "page") == WRONG

    played(play)


@pytest.mark.parametrize("wrong", [0, WRONG_MAX - 1])
def test_the_right_secret_forgets_the_wrong_ones(wrong):
    async def play(proving, site, accounts):
        for _ in range(3):
            for _ in range(wrong):
                await proving.prove(LABEL, "000000", "page")
            assert await proving.prove(LABEL, PIN, "page") == accounts.find(LABEL)

    played(play)
