"""Accounts and tokens given and taken away, in virtual time, by the verbs and at the page."""

import asyncio
from dataclasses import replace

import pytest

from gatewayd.core.accounts import ACCOUNTS_MAX, TOKENS_MAX, Account, Denied, SecretKind, read_token
from gatewayd.core.events import Audit
from gatewayd.core.refused_access import RefusedAccess
from gatewayd.core.roles import Role, Who
from gatewayd.core.words import LaneId
from gatewayd.ports import StorageError
from gatewayd.runtime.proving import Proving
from gatewayd.runtime.users import Address, Around, SetUp, Users
from tests.sim.loop import run
from tests.unit.doubles import SimAccounts, SimChance, SimTurnstile, Site

UID, CENTRE, MANAGER = "uid:0", "centre:0badcafe", "user:pengelola"
PASSWORD, TOKEN = "kapal laut biru", "t" * 43


class House:
    """A gate with accounts; `signed_off` are those whose duty was ended."""

    def __init__(self, *, is_set_up=True, has_pages=True):
        self.site = Site([SimTurnstile()])
        known = {"petugas-1": (Role.OFFICER, "274931"), "auditor-1": (Role.AUDITOR, PASSWORD)}
        if is_set_up:
            known["pengelola"] = (Role.MANAGER, PASSWORD)
        self.accounts = SimAccounts(**known)
        self.signed_off = []
        self.is_token_gone = False

        async def sign_off(label, caller):
            self.signed_off.append((label, caller))

        site = self.site
        self.users = Users(
            Around(
                accounts=self.accounts,
                proving=Proving(self.accounts, site.blocking, site.clock, site.recorder),
                blocking=site.blocking,
                clock=site.clock,
                chance=SimChance(),
                recorder=site.recorder,
                lanes=(LaneId("lane-1"),),
                sign_off=sign_off,
                address=(lambda: Address("https://gate.lan:8443", "AB:CD")) if has_pages else None,
                set_up=None if is_set_up else SetUp(TOKEN, self._gone),
            )
        )
        self.commands = site.commands(**self.users.verbs)

    def _gone(self):
        self.is_token_gone = True

    async def ask(self, do, caller=UID, **request):
        return await self.commands.answer({"do": do, **request}, caller)

    @property
    def audits(self):
        return [
            (fact.action, fact.detail["officer"], fact.detail["caller"])
            for fact in self.site.facts(Audit)
        ]


def played(play, house=None):
    house = house or House()

    async def main():
        async with house.site.running():
            await play(house)

    run(main())
    return house


def test_somebody_is_added_with_a_secret_of_their_own_or_one_for_one_time():
    async def play(house):
        own = await house.ask("user_add", label="teknisi", role="technician", secret=PASSWORD)
        assert own == {"ok": True, "label": "teknisi", "role": "technician"}
        assert not house.accounts.known["teknisi"].must_change
        for label, role, size in (("petugas-2", "officer", 8), ("manajer", "manager", 20)):
            made = await house.ask("user_add", MANAGER, label=label, role=role)
            assert len(made["secret"]) == size
            assert house.accounts.known[label].must_change
            assert house.accounts.secrets[label] == made["secret"]
        assert house.accounts.known["petugas-2"].kind is SecretKind.PIN

    assert played(play).audits == [
        ("user_added", "teknisi", UID),
        ("user_added", "petugas-2", MANAGER),
        ("user_added", "manajer", MANAGER),
    ]


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        ({"label": "Ibu Ani", "role": "officer"}, "`label` is a label"),
        ({"label": "x", "role": "display"}, "`role` is one of: manager, officer"),
        ({"label": "x", "role": "king"}, "`role` is one of"),
        ({"label": "pengelola", "role": "officer"}, "there is a pengelola already"),
        ({"label": "x", "role": "manager", "secret": "short"}, "at least 12 characters"),
        ({"label": "x", "role": "officer", "secret": "123456"}, "tried first"),
    ],
)
def test_who_cannot_be_added_is_told_why(request_, told):
    async def play(house):
        answer = await house.ask("user_add", **request_)
        assert not answer["ok"]
        assert told in answer["text"]
        assert len(house.accounts.known) == 3

    played(play)


def test_an_account_that_was_refused_was_never_recorded_as_added():
    async def play(house):
        await house.ask("user_add", label="x", role="manager", secret="short")

    assert played(play).audits == []


def test_a_secret_is_given_anew_and_forgets_wrong_ones():
    async def play(house):
        for _ in range(5):
            await house.users.sign_in("petugas-1", "000000", None)
        locked = await house.users.sign_in("petugas-1", "274931", None)
        assert locked.code is RefusedAccess.LOCKED
        made = await house.ask("user_password", MANAGER, label="petugas-1")
        must = await house.users.sign_in("petugas-1", made["secret"], None)
        assert must == Denied(RefusedAccess.MUST_CHANGE)
        assert "there is no nobody" in (await house.ask("user_password", label="nobody"))["text"]

    assert ("secret_changed", "petugas-1", MANAGER) in played(play).audits


def test_a_secret_is_changed_by_who_has_it():
    async def play(house):
        known = house.accounts.known
        known["petugas-1"] = replace(known["petugas-1"], must_change=True)
        for new, code in (
            ("27493", RefusedAccess.PIN_SHORT),
            ("274931", RefusedAccess.SECRET_SAME),
            ("111111", RefusedAccess.SECRET_OBVIOUS),
        ):
            assert await house.users.sign_in("petugas-1", "274931", new) == Denied(code)
        wrong = await house.users.sign_in("petugas-1", "000000", "860415")
        assert wrong == Denied(RefusedAccess.WRONG)
        changed = await house.users.sign_in("petugas-1", "274931", "860415")
        assert changed == Account("petugas-1", Role.OFFICER, SecretKind.PIN)
        assert await house.users.sign_in("petugas-1", "860415", None) == changed
        longer = await house.users.sign_in("petugas-1", "860415", PASSWORD)
        assert longer.kind is SecretKind.PASSWORD

    assert ("secret_changed", "petugas-1", "user:petugas-1") in played(play).audits


def test_somebody_is_removed_and_off_duty():
    async def play(house):
        assert (await house.ask("user_remove", MANAGER, label="petugas-1"))["ok"]
        assert (
            "there is no petugas-1" in (await house.ask("user_remove", label="petugas-1"))["text"]
        )

    house = played(play)
    assert house.signed_off == [("petugas-1", MANAGER)]


def test_the_last_manager_goes_only_on_the_machine_itself():
    async def play(house):
        kept = await house.ask("user_remove", MANAGER, label="pengelola")
        assert "the only manager" in kept["text"]
        await house.ask("user_add", MANAGER, label="manajer", role="manager", secret=PASSWORD)
        assert (await house.ask("user_remove", "user:manajer", label="pengelola"))["ok"]
        assert (await house.ask("user_remove", label="manajer"))["ok"]

    played(play)


def test_a_token_is_shown_once_and_made_worthless():
    async def play(house):
        made = await house.ask("user_token", label="layar-1", role="display", lane="lane-1")
        token = house.accounts.find_token(read_token(made["token"]))
        assert (token.label, token.role, token.lane) == ("layar-1", Role.DISPLAY, "lane-1")
        assert (await house.ask("user_token", label="laporan", role="auditor"))["lane"] is None
        listed = (await house.ask("user_list", "user:auditor-1"))["tokens"]
        assert [one["label"] for one in listed] == ["laporan", "layar-1"]
        assert made["token"] not in str(listed)
        assert (await house.ask("user_untoken", MANAGER, label="layar-1"))["ok"]
        assert house.accounts.find_token(read_token(made["token"])) is None
        assert "no token layar-1" in (await house.ask("user_untoken", label="layar-1"))["text"]

    played(play)


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        ({"label": "x", "role": "display"}, "`lane` is one of: lane-1"),
        ({"label": "x", "role": "display", "lane": "lane-9"}, "`lane` is one of: lane-1"),
        ({"label": "x", "role": "officer", "lane": "lane-1"}, "only a display"),
        ({"label": "x", "role": "king"}, "`role` is one of"),
        ({"label": "pengelola", "role": "auditor"}, "there is a pengelola already"),
    ],
)
def test_a_token_that_cannot_be_is_told(request_, told):
    async def play(house):
        assert told in (await house.ask("user_token", **request_))["text"]
        assert house.accounts.tokens == []

    played(play)


def test_there_is_an_end_to_accounts_and_tokens():
    async def play(house):
        for number in range(TOKENS_MAX):
            made = await house.ask("user_token", label=f"t-{number}", role="auditor")
            assert made["ok"]
        more = await house.ask("user_token", label="one-more", role="auditor")
        assert "200 tokens already" in more["text"]
        for number in range(ACCOUNTS_MAX):
            label = f"a-{number}"
            house.accounts.known[label] = Account(label, Role.AUDITOR, SecretKind.PASSWORD)
        full = await house.ask("user_add", label="one-more", role="auditor")
        assert "500 accounts already" in full["text"]
        taken = await house.ask("user_add", label="t-1", role="auditor")
        assert "there is a t-1 already" in taken["text"]

    played(play)


VERBS = ("user_add", "user_remove", "user_password", "user_token", "user_untoken")


@pytest.mark.parametrize("caller", [CENTRE, "user:petugas-1", "user:auditor-1", "user:nobody"])
def test_nobody_else_gives_or_takes_anything(caller):
    async def play(house):
        for verb in VERBS:
            answer = await house.ask(verb, caller, label="petugas-1", role="officer")
            assert not answer["ok"]
            assert answer["text"] in {
                "that is for a manager", "accounts and PINs are given at the gate, not by the centre",
            }  # fmt: skip
        assert not (await house.ask("user_setup", caller))["ok"]
        assert (await house.ask("user_list", CENTRE))["ok"] is False

    assert played(play).audits == []


def test_a_disk_that_refuses_changes_nothing_and_says_so():
    async def play(house):
        house.accounts.refusal = "the disk is full"
        for request in (
            {"do": "user_add", "label": "x", "role": "officer"},
            {"do": "user_token", "label": "x", "role": "auditor"},
            {"do": "user_remove", "label": "petugas-1"},
        ):
            answer = await house.commands.answer(request, UID)
            assert answer == {"ok": False, "text": "the disk is full"}
        with pytest.raises(StorageError):
            await house.users.sign_in("petugas-1", "274931", "860415")

    played(play)


# --- the first manager ---


def test_the_first_manager_is_made_once_with_the_token():
    async def play(house):
        assert house.users.is_set_up_needed
        shown = await house.ask("user_setup")
        assert shown["set_up_address"] == f"https://gate.lan:8443/setup#{TOKEN}"
        assert shown["fingerprint"] == "AB:CD"
        for token, label, password, code in (
            ("x", "manajer", PASSWORD, RefusedAccess.SET_UP_TOKEN),
            ("é", "manajer", PASSWORD, RefusedAccess.SET_UP_TOKEN),
            ("", "manajer", PASSWORD, RefusedAccess.SET_UP_TOKEN),
            (TOKEN[:-1], "manajer", PASSWORD, RefusedAccess.SET_UP_TOKEN),
            (TOKEN, "Pak Joko", PASSWORD, RefusedAccess.LABEL),
            (TOKEN, "petugas-1", PASSWORD, RefusedAccess.LABEL_TAKEN),
            (TOKEN, "manajer", "short", RefusedAccess.PASSWORD_SHORT),
        ):
            assert await house.users.set_up(token, label, password) == Denied(code)
        made = await house.users.set_up(TOKEN, "manajer", PASSWORD)
        assert made == Account("manajer", Role.MANAGER, SecretKind.PASSWORD)
        assert house.is_token_gone
        assert not house.users.is_set_up_needed
        again = await house.users.set_up(TOKEN, "manajer-2", PASSWORD)
        assert again == Denied(RefusedAccess.SET_UP)
        assert (await house.ask("user_setup"))["set_up_address"] is None

    house = played(play, House(is_set_up=False))
    assert house.audits == [("user_added", "manajer", "set-up")]


def test_a_manager_who_is_added_on_the_machine_ends_the_set_up_too():
    async def play(house):
        await house.ask("user_add", label="manajer", role="manager", secret=PASSWORD)
        assert house.is_token_gone
        assert not house.users.is_set_up_needed

    played(play, House(is_set_up=False))


def test_without_pages_there_is_nothing_to_set_up():
    async def play(house):
        assert "no section [desk]" in (await house.ask("user_setup"))["text"]

    played(play, House(has_pages=False))


def test_who_comes_and_goes_at_a_page_is_recorded():
    async def play(house):
        house.users.note_sign_in(Who("pengelola", Role.MANAGER))
        house.users.note_sign_out(Who("pengelola", Role.MANAGER))
        await asyncio.sleep(0.1)

    assert played(play).audits == [
        ("page_signed_in", "pengelola", "page"),
        ("page_signed_out", "pengelola", "page"),
    ]
