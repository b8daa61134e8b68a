"""Signing on and out at a gate in virtual time: by PIN, by pass, and by the centre's word."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from drivers import base
from gatewayd.core.accounts import ACCOUNTS_MAX, Account, SecretKind
from gatewayd.core.duty import DESK
from gatewayd.core.events import Access, Audit
from gatewayd.core.passes import Pass, write_pass
from gatewayd.core.policy import OfficerRules, Policy
from gatewayd.core.roles import Role
from gatewayd.core.roster import RosterEntry
from gatewayd.core.rotating import write_text
from gatewayd.core.totp import OtpKey, code_of, step_at
from gatewayd.core.trust import IssuerKey, Purpose, collect
from gatewayd.runtime.desk_reader import DeskReader
from gatewayd.runtime.officers import Officers, SignOn
from gatewayd.runtime.proving import LOCKED_S, WRONG_MAX, Proving
from tests.sim.loop import run
from tests.unit.doubles import (
    START,
    SimAccounts,
    SimCache,
    SimJournal,
    SimReader,
    SimTurnstile,
    Site,
    roster,
)

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
REQUIRED = Policy(zone=UTC, officer=OfficerRules(is_required=True, pass_signs_on=True))
ME, OTHER, CENTRE = "uid:1000", "uid:0", "centre:0badcafe"
DECLARED = {"reason": "no phone", "healthy": True, "protocol": True}

Answer = dict[str, Any]


def code(subject: str = "O-1", category: str = "officer", hours: int = 9) -> str:
    content = Pass(
        issuer="test",
        subject=subject,
        category=category,
        issued_at=START,
        not_before=START,
        not_after=START + timedelta(hours=hours),
        pass_id=bytes(8),
    )
    return write_pass(content, KEY)


class Desk:
    """A gate with one lane, a desk reader, and the commands that people at it use."""

    def __init__(
        self,
        policy: Policy = REQUIRED,
        journal: SimJournal | None = None,
        cache: SimCache | None = None,
    ) -> None:
        self.turnstile = SimTurnstile()
        self.site = Site(
            [self.turnstile], policy, journal=journal or SimJournal(), cache=cache or SimCache()
        )
        site = self.site
        trust = collect([IssuerKey("test", KEY.public_key(), frozenset({Purpose.PASS}))])
        site.gate.knowledge = replace(site.gate.knowledge, trust=trust)
        self.accounts = SimAccounts(
            **{
                "petugas-1": (Role.OFFICER, "274931"),
                "petugas-2": (Role.OFFICER, "998877"),
                "pengelola": (Role.MANAGER, "kapal laut biru"),
                "teknisi": (Role.TECHNICIAN, "obeng dan tang besar"),
            }
        )
        proving = Proving(self.accounts, site.blocking, site.clock, site.recorder)
        around = SignOn(self.accounts, proving, site.blocking, site.clock)
        self.officers = Officers(site.gate, site.recorder, around)
        self.reader = SimReader()
        lanes = {lane.id: lane for lane in site.lanes}
        self.desk_reader = DeskReader(self.reader, lanes, site.alarms, self.officers.take_pass)
        self.commands = site.commands(**self.officers.verbs)

    async def ask(self, do: str, caller: str = ME, **request: object) -> Answer:
        return await self.commands.answer({"do": do, **request}, caller)

    async def sign_in(self, officer: str = "petugas-1", pin: str = "274931") -> Answer:
        return await self.ask("officer", sign="in", officer=officer, pin=pin)

    async def admit(self, caller: str = ME) -> Answer:
        return await self.ask("admit", caller, lane="lane-1", **DECLARED)

    async def on_duty(self) -> list[str]:
        return [one["officer"] for one in (await self.ask("officers"))["on_duty"]]

    @property
    def audits(self) -> list[tuple[str, str, str]]:
        """What is recorded of officers: action, whose, and how."""
        return [
            (fact.action, str(fact.detail["officer"]), str(fact.detail.get("how", "")))
            for fact in self.site.facts(Audit)
        ]


def played(play: Callable[[Desk], Awaitable[None]], desk: Desk | None = None) -> Desk:
    desk = desk or Desk()

    async def main() -> None:
        async with desk.site.running(), asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(desk.desk_reader.run())
            await asyncio.sleep(0.1)
            await play(desk)
            await asyncio.sleep(0.5)
            reading.cancel()

    run(main())
    return desk


def test_nobody_is_admitted_by_hand_before_an_officer_signs_on():
    """R13."""

    async def play(desk: Desk) -> None:
        refused = await desk.admit()
        assert (refused["ok"], refused["reason"]) == (False, "officer_absent")
        assert "sign on first" in refused["text"]
        signed = await desk.sign_in()
        assert (signed["ok"], signed["officer"], signed["how"]) == (True, "petugas-1", "pin")
        assert (await desk.admit())["ok"]

    desk = played(play)
    first, second = desk.site.facts(Access)
    assert first.attestation is not None
    assert first.attestation["officer"] == ME
    assert second.attestation is not None
    assert (second.attestation["officer"], second.attestation["caller"]) == ("petugas-1", ME)


def test_one_officer_does_not_answer_for_another_user():
    async def play(desk: Desk) -> None:
        await desk.sign_in()
        assert (await desk.admit(OTHER))["reason"] == "officer_absent"
        assert (await desk.admit(CENTRE))["ok"], "the centre answers for itself"

    desk = played(play)
    assert desk.site.facts(Access)[-1].attestation == {
        "officer": CENTRE,
        "reason": "no phone",
        "healthy": True,
        "protocol": True,
    }


def test_without_the_rule_guests_are_admitted_as_before():
    async def play(desk: Desk) -> None:
        assert (await desk.admit())["ok"]

    played(play, Desk(Policy(zone=UTC)))


def test_signing_on_twice_is_answered_kindly_and_recorded_once():
    async def play(desk: Desk) -> None:
        first = await desk.sign_in()
        await asyncio.sleep(60)
        again = await desk.sign_in()
        assert (first["already"], again["already"]) == (False, True)
        assert again["since"] == first["since"]

    assert played(play).audits == [("signed_in", "petugas-1", "pin")]


def test_the_next_officer_at_a_terminal_takes_over():
    async def play(desk: Desk) -> None:
        await desk.sign_in()
        await desk.sign_in("petugas-2", "998877")
        assert await desk.on_duty() == ["petugas-2"]

    assert played(play).audits == [
        ("signed_in", "petugas-1", "pin"),
        ("signed_out", "petugas-1", "handover"),
        ("signed_in", "petugas-2", "pin"),
    ]


def test_an_officer_may_go_on_at_another_terminal():
    async def play(desk: Desk) -> None:
        await desk.sign_in()
        moved = {"sign": "in", "officer": "petugas-1", "pin": "274931"}
        assert not (await desk.ask("officer", OTHER, **moved))["already"]
        assert (await desk.admit(OTHER))["ok"]
        assert (await desk.admit(ME))["reason"] == "officer_absent"
        assert await desk.on_duty() == ["petugas-1"]

    played(play)


def test_officers_sign_out_by_themselves_or_are_signed_out():
    async def play(desk: Desk) -> None:
        await desk.sign_in()
        assert (await desk.ask("officer", sign="out"))["officer"] == "petugas-1"
        assert await desk.on_duty() == []
        await desk.sign_in()
        assert (await desk.ask("officer", OTHER, sign="out", officer="petugas-1"))["ok"]
        gone = await desk.ask("officer", sign="out", officer="petugas-1")
        assert gone["text"] == "petugas-1 is not signed on; see `gatewayd officer list`"
        nobody = await desk.ask("officer", sign="out")
        assert "`officer` is a label" in nobody["text"]

    assert [how for _, _, how in played(play).audits] == ["pin", "asked", "pin", "asked"]


def test_a_duty_outlives_a_restart():
    async def begin(desk: Desk) -> None:
        await desk.sign_in()

    async def go_on(desk: Desk) -> None:
        assert (await desk.admit())["ok"]

    before = played(begin)
    played(go_on, Desk(journal=before.site.journal, cache=before.site.cache))


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        (
            {"sign": "in", "officer": "petugas-9", "pin": "1"},
            "not the PIN of petugas-9, or petugas-9 is no officer",
        ),
        ({"sign": "in", "officer": "Ibu Ani", "pin": "1"}, "`officer` is a label"),
        ({"sign": "in", "pass": "CARD-STAFF"}, "not a valid pass of an officer"),
        ({"sign": "round"}, "`sign` is one of: in, out"),
    ],
)
def test_who_cannot_sign_on_is_told_why(request_, told):
    async def play(desk: Desk) -> None:
        answer = await desk.ask("officer", **request_)
        assert not answer["ok"]
        assert told in answer["text"]

    assert "signed_in" not in [action for action, _, _ in played(play).audits]


def test_wrong_pins_lock_an_officer_for_a_while_and_are_recorded():
    async def play(desk: Desk) -> None:
        for _ in range(WRONG_MAX):
            answer = await desk.sign_in(pin="000000")
            assert "not the PIN of petugas-1" in answer["text"]
        locked = await desk.sign_in()
        assert locked["text"].startswith("too many wrong PINs for petugas-1: wait 5 min")
        assert (await desk.sign_in("petugas-2", "998877"))["ok"], "others are not locked"
        await asyncio.sleep(LOCKED_S)
        assert (await desk.sign_in())["ok"]

    told = [action for action, _, _ in played(play).audits]
    assert told[: WRONG_MAX + 1] == ["sign_in_refused"] * WRONG_MAX + ["sign_in_locked"]


def test_a_hundred_tries_at_once_are_a_hundred_tries():
    async def play(desk: Desk) -> None:
        tries = [desk.sign_in(pin=f"{number:06}") for number in range(100)]
        answers = await asyncio.gather(*tries)
        checked = [one for one in answers if "too many" not in one["text"]]
        assert len(checked) == WRONG_MAX

    played(play)


def test_the_right_pin_forgets_the_wrong_ones():
    async def play(desk: Desk) -> None:
        for _ in range(3):
            for _ in range(WRONG_MAX - 1):
                await desk.sign_in(pin="000000")
            assert (await desk.sign_in())["ok"]

    played(play)


def test_a_pass_signs_on_at_a_terminal():
    async def play(desk: Desk) -> None:
        answer = await desk.ask("officer", sign="in", **{"pass": code()})
        assert (answer["how"], answer["officer"].startswith("pass-")) == ("pass", True)
        assert (await desk.admit())["ok"]
        assert (
            "not a valid pass"
            in (await desk.ask("officer", sign="in", **{"pass": code(category="staff")}))["text"]
        )

    played(play)


def test_a_pass_with_a_rotating_code_signs_on_once():
    key = OtpKey(bytes(20))
    codes = roster({"O-1": RosterEntry("officer", otp_key=key)})

    async def play(desk: Desk) -> None:
        desk.site.gate.knowledge = replace(desk.site.gate.knowledge, rosters=(codes,))
        at = desk.site.clock.utc()
        shown = write_text(code(), code_of(key, step_at(at)))
        for presented, is_good in ((code(), False), (shown, True), (shown, False)):
            answer = await desk.ask("officer", sign="in", **{"pass": presented})
            assert answer["ok"] is is_good, presented
        desk.reader.scan(shown.encode())
        await asyncio.sleep(0.5)

    desk = played(play)
    assert [fact.reason for fact in desk.site.facts(Access)] == ["replayed"]


def test_a_pass_at_the_desk_reader_signs_on_and_opens_nothing():
    async def play(desk: Desk) -> None:
        desk.reader.scan(code().encode())
        await asyncio.sleep(0.5)
        assert desk.reader.shown[-1] is base.Signal.GO
        assert (await desk.admit())["ok"], "whoever asks, one officer is there"
        desk.reader.scan(code().encode())
        desk.reader.scan(code("O-2").encode())
        await asyncio.sleep(0.5)
        desk.reader.scan(code("S-1", "staff").encode())
        await asyncio.sleep(0.5)

    desk = played(play)
    assert [action for action, _, _ in desk.audits] == ["signed_in", "signed_out", "signed_in"]
    assert {fact.detail["caller"] for fact in desk.site.facts(Audit)} == {DESK}
    assert [fact.category for fact in desk.site.facts(Access)] == ["visitor", "staff"]


def test_without_the_rule_a_pass_at_the_desk_reader_lets_in():
    async def play(desk: Desk) -> None:
        desk.reader.scan(code().encode())
        await asyncio.sleep(0.5)

    desk = played(play, Desk(Policy(zone=UTC)))
    assert desk.audits == []
    assert [fact.category for fact in desk.site.facts(Access)] == ["officer"]


def test_a_duty_that_cannot_be_recorded_does_not_begin():
    async def play(desk: Desk) -> None:
        desk.site.journal.refusal = "the disk is full"
        assert "cannot be recorded: the disk is full" in (await desk.sign_in())["text"]
        desk.reader.scan(code().encode())
        await asyncio.sleep(0.5)
        assert desk.reader.shown[-1] is base.Signal.REFUSED
        assert await desk.on_duty() == []

    played(play)


def test_the_centre_signs_on_without_a_pin_and_gives_none():
    async def play(desk: Desk) -> None:
        answer = await desk.ask("officer", CENTRE, sign="in", officer="petugas-7")
        assert (answer["ok"], answer["how"]) == (True, "centre")
        assert (await desk.admit())["ok"]
        assert (await desk.ask("officer", CENTRE, sign="in", officer="petugas-8"))["ok"]
        assert await desk.on_duty() == ["petugas-7", "petugas-8"]
        added = await desk.ask("officer_add", CENTRE, officer="petugas-9", pin="123123")
        assert "not by the centre" in added["text"]

    played(play)


def test_the_centre_takes_nobodys_terminal_away():
    async def play(desk: Desk) -> None:
        await desk.sign_in()
        assert (await desk.ask("officer", CENTRE, sign="in", officer="petugas-1"))["already"]
        assert (await desk.admit())["ok"]

    played(play)


def test_pins_are_given_changed_and_taken_away():
    async def play(desk: Desk) -> None:
        for bad in ("12345", "1234567890123", "12345a", "١٢٣٤٥٦"):
            answer = await desk.ask("officer_add", officer="petugas-3", pin=bad)
            assert answer["text"] == "a PIN has 6 to 12 digits"
        added = await desk.ask("officer_add", officer="petugas-3", pin="555777")
        assert (added["ok"], added["changed"]) == (True, False)
        assert (await desk.sign_in("petugas-3", "555777"))["ok"]
        assert (await desk.ask("officer_add", officer="petugas-3", pin="555778"))["changed"]
        assert not (await desk.sign_in("petugas-3", "555777"))["ok"]
        assert (await desk.ask("officer_remove", officer="petugas-3"))["ok"]
        assert await desk.on_duty() == []
        again = await desk.ask("officer_remove", officer="petugas-3")
        assert "there is no officer petugas-3" in again["text"]
        assert (await desk.ask("officer_remove", officer="petugas-2"))["ok"]
        assert (await desk.ask("officers"))["officers"] == ["petugas-1"]

    desk = played(play)
    assert "5557" not in str([fact.detail for fact in desk.site.facts(Audit)])


def test_a_pin_that_the_disk_does_not_take_is_told():
    async def play(desk: Desk) -> None:
        desk.accounts.refusal = "the disk is full"
        answer = await desk.ask("officer_add", officer="petugas-3", pin="555777")
        assert answer["text"] == "the disk is full"

    played(play)


def test_there_is_an_end_to_the_list_of_officers():
    async def play(desk: Desk) -> None:
        for number in range(ACCOUNTS_MAX - len(desk.accounts.known)):
            label = f"o-{number}"
            desk.accounts.known[label] = Account(label, Role.OFFICER, SecretKind.PIN)
        answer = await desk.ask("officer_add", officer="petugas-3", pin="555777")
        assert "remove some first" in answer["text"]
        assert (await desk.ask("officer_add", officer="o-1", pin="555777"))["changed"]

    played(play)


def test_nobody_but_an_officer_has_a_pin():
    async def play(desk: Desk) -> None:
        taken = await desk.ask("officer_add", officer="pengelola", pin="555777")
        assert "pengelola is a manager" in taken["text"]
        obvious = await desk.ask("officer_add", officer="petugas-3", pin="123456")
        assert "tried first" in obvious["text"]
        assert (
            "no officer pengelola"
            in (await desk.ask("officer_remove", officer="pengelola"))["text"]
        )

    assert played(play).audits == []


def test_who_is_signed_in_at_a_page_goes_on_duty_without_a_pin():
    async def play(desk: Desk) -> None:
        signed = await desk.ask("officer", "user:petugas-1", sign="in")
        assert (signed["ok"], signed["officer"], signed["how"]) == (True, "petugas-1", "page")
        assert (await desk.admit("user:petugas-1"))["ok"]
        assert (await desk.admit("user:petugas-2"))["reason"] == "officer_absent"
        assert (await desk.ask("officer", "user:pengelola", sign="in"))["ok"], "managers stand in"
        assert (await desk.admit("user:pengelola"))["ok"]

    played(play)


def test_programs_and_technicians_are_never_on_duty():
    async def play(desk: Desk) -> None:
        for caller in ("user:teknisi", "user:some-token"):
            assert "no officer here" in (await desk.ask("officer", caller, sign="in"))["text"]
        for caller in ("uid:1000", "uid:0"):
            assert not (await desk.ask("officer", caller, sign="in", officer="petugas-1"))["ok"]
        assert await desk.on_duty() == []

    played(play)


def test_a_note_for_the_next_officer_stands_in_the_records():
    async def play(desk: Desk) -> None:
        await desk.ask("officer", "user:petugas-1", sign="in")
        long = await desk.ask("officer", "user:petugas-1", sign="out", note="x" * 201)
        assert "`note` has up to 200 characters" in long["text"]
        note = "jalur 2 macet, teknisi datang jam 3"
        assert (await desk.ask("officer", "user:petugas-1", sign="out", note=note))["ok"]

    assert played(play).site.facts(Audit)[-1].detail == {
        "officer": "petugas-1",
        "how": "asked",
        "caller": "user:petugas-1",
        "note": "jalur 2 macet, teknisi datang jam 3",
    }


def test_a_pin_that_is_good_for_one_time_is_changed_before_anything_else():
    async def play(desk: Desk) -> None:
        known = desk.accounts.known
        known["petugas-1"] = replace(known["petugas-1"], must_change=True)
        assert "good for one time" in (await desk.sign_in())["text"]
        assert await desk.on_duty() == []

    played(play)
