"""The file of accounts: no secret in it, nobody else reads it, a damaged one is no stop."""

import hashlib
import json
from datetime import UTC, date, datetime
from itertools import count

import pytest
from argon2 import PasswordHasher

from gatewayd.core.accounts import Account, ApiToken, SecretKind
from gatewayd.core.roles import Role
from gatewayd.core.words import LaneId
from gatewayd.ports import StorageError
from gatewayd.store import accounts as module
from gatewayd.store.accounts import ACCOUNTS_NAME, COST, AccountFile, Cost
from gatewayd.store.officer_pins import OFFICERS_NAME

CHEAP = Cost(8, 1)
OFFICER = Account("petugas-1", Role.OFFICER, SecretKind.PIN)
MANAGER = Account("pengelola", Role.MANAGER, SecretKind.PASSWORD)
SCREEN = ApiToken("layar-1", Role.DISPLAY, LaneId("lane-1"), date(2026, 11, 22))
TOKEN = bytes(range(32))


def opened(tmp_path):
    return AccountFile.open(tmp_path, CHEAP)


def test_a_secret_is_known_again_after_a_restart_and_stands_nowhere(tmp_path):
    before = opened(tmp_path)
    before.set(OFFICER, "274931")
    before.set(MANAGER, "kapal laut biru")
    before.add_token(SCREEN, TOKEN)
    accounts = opened(tmp_path)
    assert accounts.accounts == [MANAGER, OFFICER]
    assert accounts.tokens == [SCREEN]
    assert accounts.is_right("petugas-1", "274931")
    assert not accounts.is_right("petugas-1", "274930")
    assert not accounts.is_right("petugas-9", "274931")
    assert accounts.find("petugas-9") is None
    assert accounts.find_token(TOKEN) == SCREEN
    assert accounts.find_token(bytes(32)) is None
    path = tmp_path / ACCOUNTS_NAME
    content = path.read_bytes()
    assert not any(secret in content for secret in (b"274931", b"kapal", TOKEN.hex().encode()))
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_letter_is_the_same_however_the_keyboard_composes_it(tmp_path):
    accounts = opened(tmp_path)
    accounts.set(MANAGER, "caf\u00e9 di tepi laut")
    assert accounts.is_right("pengelola", "cafe\u0301 di tepi laut")


def test_what_is_in_force_costs_a_guess_19_mib(tmp_path):
    """The one that pays the real price."""
    accounts = AccountFile.open(tmp_path)
    accounts.set(OFFICER, "274931")
    assert accounts.is_right("petugas-1", "274931")
    assert COST.memory_kib >= 19 * 1024
    assert "$argon2id$v=19$m=19456,t=2,p=1$" in (tmp_path / ACCOUNTS_NAME).read_text()


def test_accounts_and_tokens_are_changed_and_taken_away(tmp_path):
    accounts = opened(tmp_path)
    accounts.set(OFFICER, "274931")
    accounts.set(MANAGER, "kapal laut biru")
    accounts.add_token(SCREEN, TOKEN)
    accounts.set(OFFICER, "998877")
    assert not accounts.is_right("petugas-1", "274931")
    accounts.remove("petugas-1")
    accounts.remove_token("layar-1")
    again = opened(tmp_path)
    assert (again.accounts, again.tokens) == ([MANAGER], [])
    assert again.find_token(TOKEN) is None


def test_a_stamp_changes_with_the_secret_and_goes_with_the_account(tmp_path):
    accounts = opened(tmp_path)
    assert accounts.stamp("petugas-1") is None
    accounts.set(OFFICER, "274931")
    first = accounts.stamp("petugas-1")
    accounts.lock("petugas-1", datetime(2026, 11, 22, 8, tzinfo=UTC))
    assert opened(tmp_path).stamp("petugas-1") == first
    accounts.set(OFFICER, "274931")
    assert accounts.stamp("petugas-1") not in {first, None}, "the same PIN given again is another"
    accounts.add_token(SCREEN, TOKEN)
    assert accounts.stamp("layar-1") == hashlib.sha256(TOKEN).hexdigest()[:32]
    accounts.remove_token("layar-1")
    assert accounts.stamp("layar-1") is None


def test_a_lock_outlives_a_restart_and_ends_with_a_new_secret(tmp_path):
    accounts, until = opened(tmp_path), datetime(2026, 11, 22, 8, 5, tzinfo=UTC)
    accounts.set(OFFICER, "274931")
    assert accounts.locked_until("petugas-1") is None
    accounts.lock("petugas-1", until)
    assert opened(tmp_path).locked_until("petugas-1") == until
    accounts.set(OFFICER, "998877")
    assert opened(tmp_path).locked_until("petugas-1") is None
    assert accounts.locked_until("petugas-9") is None


def test_the_day_of_a_tokens_use_is_written_when_it_is_asked_for(tmp_path):
    accounts, day = opened(tmp_path), date(2026, 11, 23)
    accounts.add_token(SCREEN, TOKEN)
    written = (tmp_path / ACCOUNTS_NAME).stat().st_mtime_ns
    accounts.flush()
    assert (tmp_path / ACCOUNTS_NAME).stat().st_mtime_ns == written, "nothing was to be written"
    accounts.note_use("layar-1", day)
    accounts.note_use("layar-9", day)
    assert opened(tmp_path).tokens[0].used is None
    accounts.flush()
    assert opened(tmp_path).tokens[0].used == day


def test_a_use_is_noted_without_waiting_for_whoever_writes(tmp_path):
    accounts, day = opened(tmp_path), date(2026, 11, 23)
    accounts.add_token(SCREEN, TOKEN)
    with accounts._changing:
        accounts.note_use("layar-1", day)
    assert accounts.tokens[0].used is None, "at the next use"
    accounts.note_use("layar-1", day)
    assert accounts.tokens[0].used == day


class RemovesFirst:
    """A lock that another thread had just before: it removed the token."""

    def __init__(self, accounts):
        self._accounts = accounts
        self._lock = accounts._changing

    def acquire(self, *, blocking):
        self._accounts._changing = self._lock
        self._accounts.remove_token("layar-1")
        self._accounts._changing = self
        return self._lock.acquire(blocking=blocking)

    def release(self):
        self._lock.release()


def test_a_token_that_is_removed_meanwhile_does_not_come_back(tmp_path):
    accounts = opened(tmp_path)
    accounts.add_token(SCREEN, TOKEN)
    accounts._changing = RemovesFirst(accounts)
    accounts.note_use("layar-1", date(2026, 11, 23))
    assert accounts.find_token(TOKEN) is None
    assert accounts.tokens == []


def test_a_disk_that_refuses_changes_nothing(tmp_path, monkeypatch):
    accounts = opened(tmp_path)
    accounts.set(OFFICER, "274931")

    def refuse(path, document):
        raise StorageError("the disk is full")

    monkeypatch.setattr(module, "write_private", refuse)
    with pytest.raises(StorageError):
        accounts.set(OFFICER, "998877")
    assert accounts.is_right("petugas-1", "274931")


# --- the file of an older version ---


def scrypt(pin, n=2):
    made = hashlib.scrypt(pin.encode(), salt=bytes(16), n=n, r=8, p=1)
    return {"salt": "00" * 16, "hash": made.hex(), "n": n}


def older(tmp_path, officers):
    document = json.dumps({"version": 1, "officers": officers})
    (tmp_path / OFFICERS_NAME).write_text(document)


def test_the_pins_of_an_older_version_go_on_and_are_hashed_anew_at_the_next_right_one(tmp_path):
    older(tmp_path, {"petugas-1": scrypt("274931")})
    accounts = opened(tmp_path)
    assert accounts.accounts == [OFFICER]
    assert not (tmp_path / OFFICERS_NAME).exists(), "a PIN that is taken away does not come back"
    assert not accounts.is_right("petugas-1", "274930")
    assert "scrypt" in (tmp_path / ACCOUNTS_NAME).read_text()
    again = opened(tmp_path)
    assert again.is_right("petugas-1", "274931")
    assert "scrypt" not in (tmp_path / ACCOUNTS_NAME).read_text()
    assert opened(tmp_path).is_right("petugas-1", "274931")


def test_a_dearer_price_is_paid_from_the_next_right_secret_on(tmp_path, monkeypatch):
    opened(tmp_path).set(OFFICER, "274931")
    dearer = AccountFile.open(tmp_path, Cost(16, 1))
    with monkeypatch.context() as patched:
        patched.setattr(dearer, "_write", lambda _: (_ for _ in ()).throw(StorageError("full")))
        assert dearer.is_right("petugas-1", "274931"), "a full disk keeps nobody out"
    assert dearer.is_right("petugas-1", "274931")
    assert "m=16," in (tmp_path / ACCOUNTS_NAME).read_text()


GOOD = {"salt": "00" * 16, "hash": "00" * 64, "n": 32768}


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{",
        "null",
        '{"version": 2, "officers": {}}',
        '{"version": 1}',
        '{"version": 1, "officers": []}',
        *(
            json.dumps({"version": 1, "officers": officers})
            for officers in (
                {"petugas-1": 1},
                {"petugas-1": {**GOOD, "n": 1 << 40}},
                {"petugas-1": {**GOOD, "n": 3}},
                {"petugas-1": {**GOOD, "salt": "00"}},
                {"petugas-1": {**GOOD, "hash": "xx"}},
                {"petugas-1": {"salt": "00" * 16}},
                {"Not A Label": GOOD},
            )
        ),
    ],
)
def test_a_damaged_file_of_an_older_version_is_moved_aside_too(tmp_path, body):
    (tmp_path / OFFICERS_NAME).write_text(body)
    accounts = opened(tmp_path)
    assert accounts.accounts == []
    assert accounts.moved_aside is not None
    assert accounts.moved_aside.read_text() == body
    assert opened(tmp_path).moved_aside is None


HASH = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$" + "A" * 43
ROW = {"role": "officer", "kind": "pin", "hash": HASH}
SHOWN = {"digest": "00" * 32, "role": "auditor", "lane": None, "made": "2026-11-22", "used": None}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "[" * 100_000,
        {"version": 2, "accounts": {}, "tokens": {}},
        {"version": 1, "accounts": {}},
        {"version": 1, "accounts": [], "tokens": {}},
        *(
            {"version": 1, "accounts": accounts, "tokens": {}}
            for accounts in (
                {"petugas-1": 1},
                {"Not A Label": ROW},
                {"petugas-1": {**ROW, "role": "display"}},
                {"petugas-1": {**ROW, "role": "king"}},
                {"petugas-1": {**ROW, "kind": "smile"}},
                {"petugas-1": {**ROW, "hash": 7}},
                {"petugas-1": {**ROW, "hash": "$argon2id$"}},
                {"petugas-1": {**ROW, "hash": HASH.replace("m=8", "m=99999999")}},
                {"petugas-1": {**ROW, "hash": HASH.replace("t=1", "t=9999")}},
                {"petugas-1": {**ROW, "hash": HASH.replace("argon2id", "argon2i")}},
                {"petugas-1": {**ROW, "locked_until": "soon"}},
            )
        ),
        *(
            {"version": 1, "accounts": {}, "tokens": tokens}
            for tokens in (
                {"layar-1": {**SHOWN, "digest": "00"}},
                {"layar-1": {**SHOWN, "lane": 7}},
                {"layar-1": {**SHOWN, "made": "yesterday"}},
                {"Not A Label": SHOWN},
            )
        ),
    ],
    ids=count(),
)
def test_a_damaged_file_is_moved_aside_and_the_gate_starts(tmp_path, content):
    path = tmp_path / ACCOUNTS_NAME
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    accounts = opened(tmp_path)
    assert (accounts.accounts, accounts.tokens) == ([], [])
    assert accounts.moved_aside == path.with_suffix(".corrupt")
    assert opened(tmp_path).moved_aside is None


def test_a_whole_file_is_read_as_it_is(tmp_path):
    document = {"version": 1, "accounts": {"petugas-1": ROW}, "tokens": {"laporan": SHOWN}}
    (tmp_path / ACCOUNTS_NAME).write_text(json.dumps(document))
    accounts = opened(tmp_path)
    assert accounts.accounts == [OFFICER]
    assert accounts.tokens == [ApiToken("laporan", Role.AUDITOR, None, date(2026, 11, 22))]


def test_a_label_of_nobody_costs_as_much_as_a_wrong_secret_and_a_start_nothing(tmp_path, mocker):
    hashed = mocker.spy(PasswordHasher, "hash")
    accounts = AccountFile.open(tmp_path, COST)
    assert hashed.call_count == 0
    verified = mocker.spy(PasswordHasher, "verify")
    assert not accounts.is_right("nobody", "274931")
    assert verified.call_count == 1
    asked = verified.call_args.args[1]
    assert not accounts._hasher.check_needs_rehash(asked), "it has the price of the others"
