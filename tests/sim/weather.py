"""What goes wrong in one simulated run: each fault is off in half of the runs."""

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Weather:
    """Chances from 0 to 1 and means in seconds; 0 is never.

    open_lost: an open command leaves and no answer comes. open_refused: the turnstile says busy.
    turn_back, stay, tailgate, force: what people do. link_loss_s, broker_loss_s, crash_s: mean time
    between losses. disk_refusal_s: mean time between refusals. disk_s: mean time of a commit.
    receipt_lost: the broker has the message, the connection ends before the receipt.
    """

    open_lost: float
    open_refused: float
    turn_back: float
    stay: float
    tailgate: float
    force: float
    link_loss_s: float
    broker_loss_s: float
    receipt_lost: float
    disk_refusal_s: float
    disk_s: float
    crash_s: float


CLEAR = Weather(
    open_lost=0,
    open_refused=0,
    turn_back=0,
    stay=0,
    tailgate=0,
    force=0,
    link_loss_s=0,
    broker_loss_s=0,
    receipt_lost=0,
    disk_refusal_s=0,
    disk_s=0.001,
    crash_s=0,
)


def draw_weather(random: Random) -> Weather:
    def maybe(value: float) -> float:
        return value if random.random() < 0.5 else 0.0

    return Weather(
        open_lost=maybe(0.1),
        open_refused=maybe(0.05),
        turn_back=maybe(0.1),
        stay=maybe(0.05),
        tailgate=maybe(0.05),
        force=maybe(0.05),
        link_loss_s=maybe(120.0),
        broker_loss_s=maybe(90.0),
        receipt_lost=maybe(0.02),
        disk_refusal_s=maybe(200.0),
        disk_s=random.choice([0.0005, 0.005, 0.05, 0.4]),
        crash_s=maybe(200.0),
    )
