"""The onlooker at a reader of the simulation: what it takes for a scan, by rule 4 of the design."""

import asyncio

import pytest

from drivers.framers import Terminator
from tests.sim import loop as sim
from tests.sim.ear import Ear, Habit, split

AUTO, CR, NONE = Terminator.AUTO, Terminator.CR, Terminator.NONE


@pytest.mark.parametrize(
    ("terminator", "burst", "lines", "rest"),
    [
        (CR, b"A\rB\rC", [b"A", b"B"], b"C"),
        (Terminator.CRLF, b"A\rB\r\nC", [b"A\rB"], b"C"),
        (AUTO, b"A\r\nB\nC", [b"A", b"", b"B"], b"C"),
        (AUTO, b"\x02A\rB\x03\x04C\r", [b"A\rB", b"C"], b""),
        (AUTO, b"A\x02B\r\x02C", [b"A\x02B"], b"C"),
        (NONE, b"A\rB", [], b"A\rB"),
    ],
)
def test_a_burst_is_read_as_the_settings_say(terminator, burst, lines, rest):
    assert split(burst, terminator) == (lines, rest)


@pytest.mark.parametrize(
    ("terminator", "pieces", "codes"),
    [
        (CR, [(0.0, b"A"), (0.9, b"B\r")], [b"AB"]),
        (CR, [(0.0, b"A"), (1.1, b"B\r")], [b"B"]),
        (CR, [(0.0, b"A\rA\r"), (1.9, b"A\r"), (2.0, b"\r")], [b"A"]),
        (CR, [(0.0, b"A\r"), (2.1, b"A\r")], [b"A", b"A"]),
        (CR, [(0.0, b"x" * 4301)], [b"of 4301 bytes"]),
        (AUTO, [(0.0, b"]Q1A\r"), (0.1, b"B")], [b"A", b"B"]),
        (NONE, [(0.0, b"A"), (0.02, b"B"), (0.1, b"C")], [b"AB", b"C"]),
    ],
)
def test_scans_are_complete_codes_that_are_no_repeats(terminator, pieces, codes):
    assert sim.run(_heard(Habit(terminator, b"", b""), pieces)) == codes


async def _heard(habit, pieces):
    found = []
    ear = Ear(habit, lambda heard: found.append(heard.code), lambda: None)
    for at_s, data in pieces:
        asyncio.get_running_loop().call_at(at_s, ear.hear, data)
    await asyncio.sleep(10.0)
    return found
