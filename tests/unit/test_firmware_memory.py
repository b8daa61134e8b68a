"""What a controller keeps: entries until they are acknowledged, losses counted, the last answers."""

from firmware_protocol.memory import (
    ANSWERS_KEPT,
    LOG_ROWS_MAX,
    Memory,
    acknowledge,
    append,
    read,
    recall,
    remember,
)
from firmware_protocol.words import LogKind, Outcome


def filled(count: int) -> Memory:
    memory = Memory()
    for number in range(count):
        memory, _ = append(memory, LogKind.PASSAGE, number)
    return memory


def sequences(memory: Memory, start: int = 0, limit: int = 9999) -> list[int]:
    return [entry.sequence for entry in read(memory, start, limit)]


def test_a_new_log_is_empty() -> None:
    memory = Memory()
    assert (memory.head, memory.first, sequences(memory)) == (0, 1, [])


def test_sequences_rise_by_one_from_one() -> None:
    assert sequences(filled(3)) == [1, 2, 3]


def test_what_is_acknowledged_is_forgotten_and_its_numbers_are_not_used_again() -> None:
    memory = acknowledge(filled(3), 3)
    assert (memory.first, memory.head, sequences(memory)) == (4, 3, [])
    memory, entry = append(memory, LogKind.BOOT, 0)
    assert entry.sequence == 4


def test_acknowledging_something_else_changes_nothing() -> None:
    memory = acknowledge(filled(3), 2)
    for upto in (0, 1, 2, 4):
        assert acknowledge(memory, upto) is memory


def test_a_part_of_the_log_is_read_from_where_it_is_asked_or_begins() -> None:
    memory = acknowledge(filled(9), 4)
    assert sequences(memory, 7, 2) == [7, 8]
    assert sequences(memory, 1, 2) == [5, 6]
    assert sequences(memory, 10, 2) == []


def test_a_full_log_drops_its_oldest_entries_and_counts_them() -> None:
    memory = filled(LOG_ROWS_MAX + 3)
    assert (memory.lost_count, memory.first, memory.head) == (3, 4, LOG_ROWS_MAX + 3)
    assert len(memory.entries) == LOG_ROWS_MAX
    assert filled(LOG_ROWS_MAX).lost_count == 0


def test_the_last_answers_are_remembered_and_older_ones_forgotten() -> None:
    memory = Memory()
    for number in range(ANSWERS_KEPT + 1):
        memory = remember(memory, bytes([number]) * 16, Outcome.BUSY)
    assert recall(memory, bytes([0]) * 16) is None
    assert recall(memory, bytes([1]) * 16) is Outcome.BUSY
    assert len(memory.answers) == ANSWERS_KEPT
