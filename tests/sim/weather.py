"""What goes wrong in one simulated run: each fault is off in half of the runs."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """Chances from 0 to 1, and (`_s`) mean times between two of a kind in seconds; 0 is never.

    open_refused: the turnstile says busy. open_lost: a command gets no answer, executed or not.
    line_bad: a message on the serial line takes seconds; on a wire of bytes it is spoilt.
    reader_*: what becomes of a code on the line: in pieces, in one piece with the next, seconds late,
    without some of its bytes or all, twice, with a bit flipped, behind bytes that are none of it.
    overtaken: on a wire, a message comes after later ones. silent_s: a controller hears, and does not
    answer. report_twice: it tells of something again. log_small: its log is full after a few lines.
    disk_stall: a call takes seconds. write_fails: one ends half-way, with an error.
    rush: somebody comes right behind another. copied: they hold up somebody else's code.
    clock_loose_s: nobody keeps the clock for a while, and it drifts. clock_step_s: somebody sets it
    wrong. power_cut: what kills the process takes the date as well.
    receipt_lost: the broker has the message, the connection ends before the receipt.
    broker_refuses: a connection is not made. broker_hangs: one goes silent before it ends.
    event_denied: the broker never takes an event, or hangs up on it. session_kept: it hands on later
    what nobody asked it to keep. papers_lost_s: it forgets all that is retained. documents_s,
    orders_s: the centre says something. order_again: the same once more, at once or much later.
    disk_mean_s: how long a call takes that does not stall.
    """

    open_refused: float = 0.0
    open_lost: float = 0.0
    line_bad: float = 0.0
    line_cut_s: float = 0.0
    reader_cut_s: float = 0.0
    reader_split: float = 0.0
    reader_merged: float = 0.0
    reader_late: float = 0.0
    reader_lost: float = 0.0
    reader_doubled: float = 0.0
    reader_flipped: float = 0.0
    reader_noise: float = 0.0
    reboot_s: float = 0.0
    mechanics_s: float = 0.0
    fire_s: float = 0.0
    disk_mean_s: float = 0.001
    disk_stall: float = 0.0
    disk_refuses_s: float = 0.0
    disk_full_s: float = 0.0
    write_fails: float = 0.0
    broker_refuses: float = 0.0
    broker_cut_s: float = 0.0
    broker_hangs: float = 0.0
    receipt_lost: float = 0.0
    duplicate: float = 0.0
    flapping_s: float = 0.0
    broker_full_s: float = 0.0
    event_denied: float = 0.0
    papers_lost_s: float = 0.0
    handed_twice: float = 0.0
    session_kept: float = 0.0
    documents_s: float = 0.0
    document_bad: float = 0.0
    orders_s: float = 0.0
    order_bad: float = 0.0
    order_again: float = 0.0
    crash_s: float = 0.0
    stop_s: float = 0.0
    turn_back: float = 0.0
    stay: float = 0.0
    linger: float = 0.0
    tailgate: float = 0.0
    force: float = 0.0
    walk_out: float = 0.0
    rush: float = 0.0
    scan_again: float = 0.0
    both_lanes: float = 0.0
    copied: float = 0.0
    overtaken: float = 0.0
    silent_s: float = 0.0
    report_twice: float = 0.0
    log_small: float = 0.0
    clock_loose_s: float = 0.0
    clock_step_s: float = 0.0
    power_cut: float = 0.0
    order_s: float = 0.0


CLEAR = Weather()

STORM = Weather(
    open_refused=0.05,
    open_lost=0.1,
    line_bad=0.02,
    line_cut_s=60.0,
    reader_cut_s=100.0,
    reader_split=0.2,
    reader_merged=0.1,
    reader_late=0.05,
    reader_lost=0.05,
    reader_doubled=0.05,
    reader_flipped=0.05,
    reader_noise=0.05,
    reboot_s=150.0,
    mechanics_s=150.0,
    fire_s=200.0,
    disk_stall=0.03,
    disk_refuses_s=80.0,
    disk_full_s=100.0,
    write_fails=0.01,
    broker_refuses=0.3,
    broker_cut_s=50.0,
    broker_hangs=0.3,
    receipt_lost=0.03,
    duplicate=0.05,
    flapping_s=100.0,
    broker_full_s=100.0,
    event_denied=0.01,
    papers_lost_s=150.0,
    handed_twice=0.1,
    session_kept=0.5,
    documents_s=25.0,
    document_bad=0.4,
    orders_s=15.0,
    order_bad=0.3,
    order_again=0.3,
    crash_s=60.0,
    stop_s=150.0,
    turn_back=0.1,
    stay=0.1,
    linger=0.03,
    tailgate=0.1,
    force=0.05,
    walk_out=0.1,
    rush=0.3,
    scan_again=0.15,
    both_lanes=0.05,
    copied=0.1,
    overtaken=0.01,
    silent_s=90.0,
    report_twice=0.1,
    log_small=1.0,
    clock_loose_s=60.0,
    clock_step_s=60.0,
    power_cut=0.5,
    order_s=80.0,
)
"""Everything at once; a run has about half of it."""

DISK_MEANS_S = (0.0005, 0.005, 0.05, 0.3)
"""From a good disk to a worn card."""


def draw_weather(random: Callable[[str], Random]) -> Weather:
    """Draw each fault from a stream of its own: a new one does not change whether others are on."""
    faults = {
        name: getattr(STORM, name) if random(f"weather {name}").random() < 0.5 else 0.0
        for name in Weather.__dataclass_fields__
    }
    return replace(Weather(**faults), disk_mean_s=random("weather").choice(DISK_MEANS_S))


class Sky:
    """The weather of now. Act one has what was drawn; act two is clear."""

    def __init__(self, weather: Weather) -> None:
        self.weather = weather

    def clear(self) -> None:
        self.weather = CLEAR
