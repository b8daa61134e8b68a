"""The storage of the C controller as bytes, made from and read as the memory of the Python one."""

import struct
import zlib

from firmware_protocol import bodies
from firmware_protocol.fields import Code
from firmware_protocol.memory import ANSWERS_KEPT, LOG_ROWS_MAX, Answer, Memory
from firmware_protocol.settings import Settings
from firmware_protocol.words import Command, LogEntry

HEADS_APART = 128
ANSWERS_AT = 256
ANSWER_SLOTS = ANSWERS_KEPT + 1
LOG_SLOTS = LOG_ROWS_MAX + 8
MAGIC = b"GLK1"

HEAD = struct.Struct("<4sIQ8sQQQQIIIIB?Bx16s")
ANSWER = struct.Struct("<QB3x16s")
ENTRY = struct.Struct("<QQIBBBB16sB3x")
CRC_SIZE = 4
LOG_AT = ANSWERS_AT + ANSWER_SLOTS * (ANSWER.size + CRC_SIZE)
STORE_SIZE = LOG_AT + LOG_SLOTS * (ENTRY.size + CRC_SIZE)

NONE = 0xFF
NO_GRANT = bytes(16)
FLAG_GRANT, FLAG_FREE = 1, 2


def image_of(memory: Memory, log: bytes) -> bytes:
    image = bytearray(STORE_SIZE)
    settings, command = memory.settings, memory.in_force
    _put(
        image,
        0,
        HEAD.pack(
            MAGIC,
            memory.boot_count,
            2,
            log,
            memory.head,
            memory.acknowledged,
            memory.lost_count,
            len(memory.answers),
            settings.unlock_ms,
            settings.unlock_ms_max,
            settings.held_ms,
            settings.host_lost_ms,
            _code(bodies.WITHOUT_HOST, settings.without_host),
            command is not None,
            0 if command is None else _code(bodies.DIRECTION, command.direction),
            NO_GRANT if command is None else command.grant,
        ),
    )
    for number, answer in enumerate(memory.answers, start=1):
        outcome = _code(bodies.OUTCOME, answer.outcome)
        _put(image, _answer_at(number), ANSWER.pack(number, outcome, answer.grant))
    for entry in memory.entries:
        _put(image, entry_at(entry.sequence), _packed(entry))
    return bytes(image)


def memory_of(image: bytes) -> Memory:
    """Read what a controller would find at its next boot."""
    heads = [HEAD.unpack(head) for at in (0, HEADS_APART) if (head := _got(image, at, HEAD.size))]
    (
        _,
        boots,
        _,
        _,
        head,
        acknowledged,
        lost,
        answers,
        *settings,
        code,
        is_on,
        direction,
        grant,
    ) = max(heads, key=lambda it: it[2])
    first = max(acknowledged, head - LOG_ROWS_MAX) + 1
    return Memory(
        boot_count=boots,
        head=head,
        acknowledged=acknowledged,
        lost_count=lost,
        entries=tuple(_entry(image, sequence) for sequence in range(first, head + 1)),
        answers=tuple(
            _answer(image, number)
            for number in range(max(answers - ANSWERS_KEPT, 0) + 1, answers + 1)
        ),
        in_force=Command(grant, bodies.DIRECTION.words[direction]) if is_on else None,
        settings=Settings(
            **dict(
                zip(
                    ("unlock_ms", "unlock_ms_max", "held_ms", "host_lost_ms"), settings, strict=True
                )
            ),
            without_host=bodies.WITHOUT_HOST.words[code],
        ),
    )


def entry_at(sequence: int) -> int:
    return LOG_AT + sequence % LOG_SLOTS * (ENTRY.size + CRC_SIZE)


def _packed(entry: LogEntry) -> bytes:
    return ENTRY.pack(
        entry.sequence,
        entry.at_ms,
        entry.boot,
        _code(bodies.LOG_KIND, entry.kind),
        _code(bodies.LOGGED_DIRECTION, entry.direction),
        _code(bodies.END_REASON, entry.reason),
        _code(bodies.LOGGED_MODE, entry.mode),
        entry.grant or NO_GRANT,
        FLAG_GRANT * (entry.grant is not None) | FLAG_FREE * entry.is_free,
    )


def _entry(image: bytes, sequence: int) -> LogEntry:
    written, at_ms, boot, kind, direction, reason, mode, grant, flags = ENTRY.unpack(
        _got(image, entry_at(sequence), ENTRY.size)
    )
    assert written == sequence
    return LogEntry(
        sequence=sequence,
        kind=bodies.LOG_KIND.words[kind],
        boot=boot,
        at_ms=at_ms,
        direction=bodies.LOGGED_DIRECTION.words.get(direction),
        grant=grant if flags & FLAG_GRANT else None,
        reason=bodies.END_REASON.words.get(reason),
        mode=bodies.LOGGED_MODE.words.get(mode),
        is_free=bool(flags & FLAG_FREE),
    )


def _answer_at(number: int) -> int:
    return ANSWERS_AT + number % ANSWER_SLOTS * (ANSWER.size + CRC_SIZE)


def _answer(image: bytes, number: int) -> Answer:
    written, outcome, grant = ANSWER.unpack(_got(image, _answer_at(number), ANSWER.size))
    assert written == number
    return Answer(grant, bodies.OUTCOME.words[outcome])


def _put(image: bytearray, at: int, record: bytes) -> None:
    crc = zlib.crc32(record).to_bytes(CRC_SIZE, "little")
    image[at : at + len(record) + CRC_SIZE] = record + crc


def _got(image: bytes, at: int, size: int) -> bytes:
    """Return a record, or nothing if its CRC is wrong."""
    record, crc = image[at : at + size], image[at + size : at + size + CRC_SIZE]
    return record if zlib.crc32(record).to_bytes(CRC_SIZE, "little") == crc else b""


def _code(words: Code, word: object) -> int:
    return NONE if word is None else next(it for it, known in words.words.items() if known is word)
