"""Fuzz targets: the state directory as a bad disk, or a stranger, may leave it.

What stands here was written by the gateway once; the promise is that it starts, and says what it
found, whatever became of it.
"""

import itertools
import json
import re
import shutil
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from random import Random

from gatewayd.app.backup import BackupError, _read_archive
from gatewayd.core.accounts import Account, ApiToken, SecretKind
from gatewayd.core.custody import read_listed
from gatewayd.core.events import (
    Access,
    AccessOutcome,
    Alarm,
    AlarmOutcome,
    Audit,
    AuditSubject,
    Draft,
    Event,
    Fact,
    Passage,
    PassageOutcome,
    dump_draft,
    event_type,
    fact_data,
    load_draft,
)
from gatewayd.core.feed import feed_row
from gatewayd.core.folded import TABLES
from gatewayd.core.release import Codes, dump_codes, load_codes
from gatewayd.core.roles import Role
from gatewayd.core.words import Direction, GrantId, HolderId, LaneId
from gatewayd.desk.sessions import _parse
from gatewayd.ports import Receipts, StorageError
from gatewayd.store import receipts
from gatewayd.store.accounts import ACCOUNTS_NAME, AccountFile, Cost
from gatewayd.store.backup_notes import BACKUPS_NAME, BackupNote, note_backup, read_backup_notes
from gatewayd.store.cache import TinyCache
from gatewayd.store.clock_note import CLOCK_NOTE_NAME, read_clock_note, write_clock_note
from gatewayd.store.journal import SqliteJournal
from gatewayd.store.journal_head import NOTE_NAME, HeadNote
from gatewayd.store.journal_verify import verify
from gatewayd.store.keyed_groups import pack
from gatewayd.store.keyed_storage import DamagedStorageError, KeyedStorage
from gatewayd.store.officer_pins import OFFICERS_NAME
from gatewayd.store.received import FLOORS_NAME, FOLDER, Shelves
from gatewayd.store.session_file import SESSIONS_NAME, SessionFile
from gatewayd.store.state_directory import NewerStateError, state_directory
from tests.fuzz import keys
from tests.fuzz.json_trees import dumps, mutate_json
from tests.fuzz.nasty import mutate_bytes
from tests.fuzz.place import folder
from tests.fuzz.target import Given, Target

_CHEAP = Cost(8, 1)  # Of argon2: here it is only asked whether a damaged hash can be checked.
_EPOCH_MS = 1_800_000_000_000
_HOLDER = HolderId(f"{keys.PSEUDONYMS.key_id}.{1:032x}")


@contextmanager
def _directory() -> Iterator[Path]:
    path = folder() / "state"
    path.mkdir(mode=0o700)
    try:
        yield path
    finally:
        shutil.rmtree(path)


def _tokens() -> Callable[[int], bytes]:
    numbers = itertools.count(1)
    return lambda size: next(numbers).to_bytes(size)


# --- the journal ---

_FACTS = (
    Access(outcome=AccessOutcome.ADMITTED, lane=LaneId("lane-1"), direction=Direction.ENTRY,
           reason="ok", source="gateway", kind="pass", holder=_HOLDER, category="staff",
           status_until=keys.AT, grant=GrantId("0" * 32), policy=("v1",), attestation={"reason": "x"}),
    Passage(outcome=PassageOutcome.COMPLETED, lane=LaneId("lane-1"), direction=Direction.ENTRY,
            grant=GrantId("0" * 32), holder=_HOLDER, device="tripod", device_sequence=7),
    Alarm(outcome=AlarmOutcome.RAISED, alarm="link_lost", subject="lane-1", detail={"n": 1}),
    Audit(subject=AuditSubject.OFFICER, action="count_set", detail={"from": 1, "to": 2}),
    Audit(subject=AuditSubject.JOURNAL, action="erased", detail={"ids": ["0000000000000001-1"], "left": ["00"]}),
    Audit(subject=AuditSubject.JOURNAL, action="checkpoint",
          detail={"id": "0000000000000001-1", "chain": "00", "key": "AA", "signature": "AA"}),
)  # fmt: skip


def _event(data: bytes) -> None:
    """Read a body; what is understood is written and read again as the same."""
    try:
        draft = load_draft(data)
    except ValueError:
        return
    if not _is_plain(draft.fact):
        return  # We write no such thing; the chain vouches for that.
    again = load_draft(dump_draft(draft))
    assert event_type(again.fact) == event_type(draft.fact)
    if isinstance(draft.fact, Audit):
        read_listed(draft.fact)
    feed_row(Event("0" * 16, 1, draft, "run", 0.0))


def _is_plain(fact: Fact) -> bool:
    if not isinstance(fact, Audit | Alarm) or not isinstance(fact.detail, dict):
        return False
    words = [fact.action] if isinstance(fact, Audit) else [fact.alarm, fact.subject]
    if not all(word and isinstance(word, str) for word in words):
        return False
    try:
        json.dumps(fact_data(fact), ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, TypeError, AssertionError, RecursionError):
        return False
    return True


@cache
def _closed_journal() -> dict[str, bytes]:
    """Return the files of a journal that ended well."""
    with _directory() as directory:
        journal = SqliteJournal.open(directory, "run-1", _EPOCH_MS, _tokens())
        for number in range(3):
            for fact in _FACTS[:4]:
                journal.commit([(Draft(fact, keys.AT), float(number))])
        journal.confirm([1, 2, 4])
        journal.close()
        return {path.name: path.read_bytes() for path in directory.iterdir() if path.is_file()}


def _journal(data: bytes) -> None:
    """Spoil the database where the input says, and the note of its head; then open and read it."""
    given = Given(data)
    spoils = given.byte()
    files = dict(_closed_journal())
    if spoils & 1:
        files[NOTE_NAME] = _spoil(files[NOTE_NAME], given.rest()[:16])
    files["journal.db"] = _spoil(files["journal.db"], given.rest())
    if spoils & 2:
        files["journal.db"] = files["journal.db"][: 40 * given.byte() * given.byte()]
    if spoils & 4:
        files["journal.db-wal"] = given.rest()
    with _directory() as directory:
        for name, content in files.items():
            (directory / name).write_bytes(content)
        _open_and_use(directory)


def _open_and_use(directory: Path) -> None:
    try:
        journal = SqliteJournal.open(directory, "run-2", _EPOCH_MS, _tokens())
    except StorageError as error:
        assert "disk" in str(error) or "damaged" in str(error) or "open" in str(error), error
        return
    try:
        (event,) = journal.commit([(Draft(_FACTS[3], keys.AT), 1.0)])
        assert event.epoch == journal.epoch
        found = journal.read(0, 100)
        assert len(found) == journal.head()
        assert found[-1] == event
        journal.receipts()
    except StorageError as error:
        assert "damaged" in str(error), error
    finally:
        journal.close()
    try:
        verify(directory)
    except StorageError as error:
        assert "damaged" in str(error), error


def _spoil(content: bytes, data: bytes) -> bytes:
    """Overwrite bytes: each four of the input are a place (two), a count and a byte."""
    changed = bytearray(content)
    for at in range(0, len(data) - 3, 4):
        place = int.from_bytes(data[at : at + 2]) * 2 % max(1, len(changed))
        size = data[at + 2] % 9
        changed[place : place + size] = data[at + 3 : at + 4] * min(size, len(changed) - place)
    return bytes(changed)


# --- the decision cache ---


@cache
def _cache_journal() -> bytes:
    groups = [
        [("holders", str(_HOLDER), b'{"category":"staff","status":"green"}')],
        [("counts", "occupancy", b'{"by_category":{"staff":1},"uncertain":0}')],
        [("holders", "B", None), ("folded", "journal", b'{"epoch":"0000000000000001","upto":7}')],
    ]
    return b"".join(pack(0, group) for group in groups)


def _cache(data: bytes) -> None:
    """Open a cache of any journal: it is whole, or begins empty and says why."""
    with _directory() as directory:
        (directory / "cache.journal").write_bytes(data)
        found = TinyCache.open(directory)
        try:
            for table in TABLES:
                assert len(list(found.items(table))) == found.size(table)
            found.folded()
            found.flush()
        finally:
            found.close()
        again = TinyCache.open(directory)
        assert not again.damage, "what was begun anew is damaged again"
        again.close()


def _cache_rows(data: bytes) -> None:
    """Put any bytes into a group with a right checksum: it is read, or named as damage."""
    head = b"group 0 %d " % len(data)
    with _directory() as directory:
        content = b"%b%08x\n%b" % (head, zlib.crc32(data, zlib.crc32(head)), data)
        (directory / "cache.journal").write_bytes(content)
        try:
            storage = KeyedStorage(directory / "cache")
        except DamagedStorageError:
            return
        storage.close()


def _mend_groups(data: bytes, random: Random) -> bytes:
    """Change rows, and make their checksums right again."""
    made = b""
    for group in data.split(b"group ")[1:8]:
        head, _, body = group.partition(b"\n")
        rows = body.split(b"\n")[:20]
        random.shuffle(rows)
        body = b"".join(row + b"\n" for row in rows if _is_row(row))
        if random.random() < 0.3:
            body += b'"holders"\t"%d"\t{"a":1}\n' % random.randrange(9)
        number = head.split(b" ")[0] if random.random() < 0.9 else b"%d" % random.randrange(4)
        first = b"group %b %d " % (number, len(body))
        made += b"%b%08x\n%b" % (first, zlib.crc32(body, zlib.crc32(first)), body)
    return made if random.random() < 0.7 else mutate_bytes(made or data, random)


def _is_row(row: bytes) -> bool:
    """Tell whether we could have written it: rows are decoded when they are asked for."""
    *names, document = row.split(b"\t")
    try:
        parsed = json.loads(document or b"{}")
        table, key = map(json.loads, names)
        return isinstance(parsed, dict) and table in {"holders", "counts"} and bool(key)
    except (ValueError, TypeError, RecursionError):
        return False


# --- small files ---


def _state_files(data: bytes) -> None:
    """Give each small file of the state directory this content, and start."""
    with _directory() as directory:
        for name in (
            ACCOUNTS_NAME, OFFICERS_NAME, SESSIONS_NAME, CLOCK_NOTE_NAME, BACKUPS_NAME, NOTE_NAME,
            "version",
        ):  # fmt: skip
            (directory / name).write_bytes(data)
        (directory / FOLDER).mkdir()
        (directory / FOLDER / FLOORS_NAME).write_bytes(data)
        try:
            with state_directory(directory):
                pass
        except NewerStateError:
            pass
        _use_accounts(directory)
        for session in SessionFile(directory).read(_parse):
            session.is_over(keys.AT)
        read_clock_note(directory)
        HeadNote(directory / NOTE_NAME).read()
        for note in read_backup_notes(directory):
            dumps([note.at, note.path])
        Shelves(directory).floors()
    load_codes(data)
    receipts.load("0" * 16, data.decode("latin-1"), zlib.crc32(b"0" * 16 + b" " + data))


_IS_CHEAP = re.compile(r"m=[0-9]{1,3},t=[0-9],|n=[0-9]{1,4}\$")  # The dear ones take a second each.


def _use_accounts(directory: Path) -> None:
    accounts = AccountFile.open(directory, _CHEAP)
    for account in accounts.accounts:
        if _IS_CHEAP.search(accounts._content.entries[account.label].hash):
            accounts.is_right(account.label, "123456")
        accounts.locked_until(account.label)
        accounts.stamp(account.label)
    for token in accounts.tokens:
        accounts.note_use(token.label, keys.AT.date())
    accounts.flush()


def _state_seeds() -> list[bytes]:
    with _directory() as directory:
        accounts = AccountFile.open(directory, _CHEAP)
        accounts.set(Account("dewi", Role.MANAGER, SecretKind.PASSWORD), "correct horse battery")
        token = ApiToken("screen", Role.DISPLAY, LaneId("lane-1"), keys.AT.date())
        accounts.add_token(token, bytes(32))
        write_clock_note(directory, keys.AT)
        note_backup(directory, BackupNote("2021-11-29", "/mnt/usb"))
        made = [
            (directory / name).read_bytes()
            for name in (ACCOUNTS_NAME, CLOCK_NOTE_NAME, BACKUPS_NAME)
        ]
    codes = Codes().add("health_officer", "a code of theirs", bytes(16), cost=2)
    assert isinstance(codes, Codes)
    pins = {"version": 1, "officers": {"budi": {"salt": "00" * 16, "hash": "00" * 32, "n": 2}}}
    session = {
        "digest": "0" * 64, "label": "dewi", "stamp": "0" * 32, "role": "manager", "lane": None,
        "begun": "2021-11-29T01:00:00.000Z", "seen": "2021-11-29T01:00:00.000Z",
        "ends": "2021-11-29T13:00:00.000Z", "is_screen": False,
    }  # fmt: skip
    floors = {"policy.national": {"version": 3, "digest": "00"}}
    others = [
        dumps(pins),
        dumps({"version": 1, "sessions": [session]}),
        dumps(floors),
        dump_codes(codes),
    ]
    scrypt = {
        "dewi": {"role": "officer", "kind": "pin", "hash": f"$scrypt$n=2${'0' * 32}${'0' * 64}"}
    }
    return [*made, *others, dumps({"version": 1, "accounts": scrypt, "tokens": {}}), b"3\n"]


def _receipts(data: bytes) -> None:
    text = data.decode("latin-1")
    try:
        upto, beyond = json.loads(text)
        wanted = Receipts(int(upto), tuple((int(a), int(b)) for a, b in beyond))
    except (ValueError, TypeError, OverflowError, RecursionError):
        return
    assert receipts.load("e", *receipts.dump("e", wanted)) == wanted


@cache
def _archive() -> bytes:
    """Return a small backup: a manifest and a file that it names."""
    import hashlib  # noqa: PLC0415 - for this only
    import io  # noqa: PLC0415 - for this only
    import tarfile  # noqa: PLC0415 - for this only

    body = b"not looked into"
    digest = hashlib.sha256(body).hexdigest()
    manifest = dumps({"format": 1, "state_version": 1, "files": {"journal.db": digest}})
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in (("manifest.json", manifest), ("journal.db", body)):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def _backup(data: bytes) -> None:
    """Read an archive, compressed as it should be: nothing lands outside of its folder."""
    import gzip  # noqa: PLC0415 - for this only

    with _directory() as directory:
        source, into = directory / "backup", directory / "a" / "into"
        into.mkdir(parents=True)
        packed = bytearray(gzip.compress(data, compresslevel=len(data) % 2, mtime=0))
        if data[-1:] not in {b"", b"\0"}:  # Then the compressed bytes are spoilt as well.
            packed[data[-1] * len(packed) >> 8] ^= 1 << data[-1] % 8
        source.write_bytes(packed)
        try:
            _read_archive(source, into)
        except BackupError as error:
            assert str(source) in str(error)
        assert sorted(path.name for path in directory.iterdir()) == ["a", "backup"]
        assert [path.name for path in (directory / "a").iterdir()] == ["into"]


def _mend_archive(data: bytes, random: Random) -> bytes:
    """Change names, sizes and content of an archive, and make its checksums right again."""
    changed = bytearray(mutate_bytes(data, random) if random.random() < 0.5 else data)
    for at in range(0, len(changed) - 511, 512):
        if bytes(changed[at + 257 : at + 262]) == b"ustar" and random.random() < 0.7:
            field, size = random.choice(((0, 100), (124, 12), (156, 1), (157, 100), (345, 155)))
            words = (b"../../x", b"/etc/x", b"journal.db", b"0000000777", b"\x80" + b"\xff" * 7,
                     b"1", b"2", b"5", b"x", b"L", b"S", b"received/../x", b"\xff" * 12)  # fmt: skip
            word = random.choice(words)[:size]
            changed[at + field : at + field + len(word) + 1] = word + b"\0"
            changed[at + 148 : at + 156] = b" " * 8
            changed[at + 148 : at + 156] = b"%06o\0 " % sum(changed[at : at + 512])
    return bytes(changed)


TARGETS = (
    Target("journal", "the journal's database, spoilt anywhere", _journal,
           lambda: [b"", b"\0\1\4\xff\0", b"\x10\0\4\xff\1", bytes(40) + b"\7", b"\0\x30\3\1\2"],
           size_max=400, is_slow=True),
    Target("event", "the bodies of events", _event,
           lambda: [dump_draft(Draft(fact, keys.AT)) for fact in _FACTS], mutate_json),
    Target("cache", "the journal of the decision cache", _cache, lambda: [_cache_journal()],
           _mend_groups, is_slow=True),
    Target("cache-rows", "its rows, with a right checksum", _cache_rows,
           lambda: [b'"holders"\t"B"\t{"a":1}\n"holders"\t"C"\t\n', b'"\\u00e9"\t"B"\t{}\n'],
           is_slow=True),
    Target("state-files", "accounts, sessions, PINs, notes, floors, release codes", _state_files,
           _state_seeds, mutate_json, is_slow=True),
    Target("receipts", "the watermark of receipts", _receipts, lambda: [b"[3,[[5,6],[9,9]]]"],
           mutate_json),
    Target("backup", "archives to restore from", _backup, lambda: [_archive()], _mend_archive,
           size_max=20_000, is_slow=True),
)  # fmt: skip
