"""A gate for days on a noisy line, host and controller restarted at random (docs/reliability.md).

Virtual time: the host's and the controller's own code, their bytes at 115200 baud, and people.

Run: python -m benchmarks.gatelink_soak --hours 24
"""

import argparse
import statistics
from collections import Counter
from collections.abc import Callable, Iterable
from random import Random
from typing import Final

from benchmarks.gatelink_gateway import Gateway
from benchmarks.gatelink_world import Controller, Figures, Time, Wire
from firmware_protocol.words import LogKind

BODIES: Final = (LogKind.PASSAGE, LogKind.FORCED, LogKind.TAILGATE)
# Means of what comes at random times.
PERSON_S, WALKS_OUT_S = 4.0, 15.0
DRAIN_S: Final = 60.0


class Soak:
    """One gate from its start to the accounts."""

    def __init__(self, seed: int, error_rate: float, restart_s: float) -> None:
        """restart_s: mean time between two restarts of either side; 0 for none."""
        self.random = Random(seed)
        self.figures = Figures()
        self.time = Time()
        self.to_host = Wire(self.time, self.random, error_rate, self.figures)
        self.to_device = Wire(self.time, self.random, error_rate, self.figures)
        self._restart_s = restart_s
        self._is_ending = False
        self.gateway = Gateway(self)
        self.controller = Controller(self)

    def run(self, hours: float) -> Figures:
        self.gateway.start()
        self._now_and_then(PERSON_S, self.gateway.open)
        self._now_and_then(WALKS_OUT_S, self.controller.walk_out)
        if self._restart_s:
            self._now_and_then(2 * self._restart_s, self.gateway.kill)
            self._now_and_then(2 * self._restart_s, self.controller.cut)
        self.time.run(3600 * hours)
        self._is_ending = True
        self.time.run(3600 * hours + DRAIN_S)
        self._account()
        return self.figures

    def _now_and_then(self, mean_s: float, act: Callable[[], None]) -> None:
        def again() -> None:
            if not self._is_ending:
                act()
                self._now_and_then(mean_s, act)

        self.time.at(self.time.now_s + self.random.expovariate(1 / mean_s), again)

    def _account(self) -> None:
        figures, gateway, controller = self.figures, self.gateway, self.controller
        gateway.end()
        recorded = Counter(
            entry.direction for entry in gateway.journal.values() if entry.kind in BODIES
        )
        head = controller.device.controller.memory.head
        holes = head - len(gateway.journal)
        figures.bodies = controller.bodies.total()
        figures.executed_twice = sum(count > 1 for count in controller.executed.values())
        figures.passages_lost = max((controller.bodies - recorded).total(), holes)
        figures.passages_counted_twice = (recorded - controller.bodies).total()
        figures.never_settled = len(gateway.given - gateway.verdicts.keys())
        figures.wrongly_settled += sum(
            is_opened != (grant in controller.decided)
            for grant, is_opened in gateway.verdicts.items()
        )
        figures.passages_lost += gateway.lost_count


def row(error_rate: float, hours: float, figures: Figures) -> str:
    waits = statistics.quantiles(figures.answered_ms, n=100)
    restarts = figures.host_restarts + figures.device_restarts
    cells = (
        f"{error_rate:g}",
        f"{hours:g}",
        restarts,
        figures.commands,
        figures.opened,
        figures.refused + figures.not_sent,
        figures.unknown,
        figures.bodies,
        figures.bad_frames,
        figures.executed_twice,
        figures.passages_lost,
        figures.passages_counted_twice,
        figures.wrongly_settled + figures.never_settled,
        f"{waits[49]:.1f} / {waits[98]:.0f} / {max(figures.answered_ms):.0f}",
    )
    return _joined(cells)


HEAD: Final = (
    "byte errors",
    "hours",
    "restarts",
    "commands",
    "opened",
    "not opened",
    "unknown, then settled",
    "bodies",
    "bad frames",
    "executed twice",
    "passages lost",
    "counted twice",
    "settled wrongly",
    "answer median / p99 / max ms",
)


def _joined(cells: Iterable[object]) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=1.0, help="of the gate, for each line")
    parser.add_argument("--errors", type=float, nargs="+", default=[0.0, 5e-4, 5e-3])
    parser.add_argument("--restart-s", type=float, default=30.0, help="0: none")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(_joined(HEAD), _joined(["---"] * len(HEAD)), sep="\n")
    for error_rate in options.errors:
        figures = Soak(options.seed, error_rate, options.restart_s).run(options.hours)
        print(row(error_rate, options.hours, figures), flush=True)


if __name__ == "__main__":
    main()
