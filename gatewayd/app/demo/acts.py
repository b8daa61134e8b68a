"""Plays the acts of a story in their order, and notes what the gate answered to each."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any

from gatewayd.app.demo.accounts import Shown
from gatewayd.app.demo.cast import Casting, subject
from gatewayd.app.demo.lane import DemoLane
from gatewayd.app.demo.stage import Stage
from gatewayd.app.demo.story import Act, Does, Holds, Story
from gatewayd.app.demo.turns import Turns
from gatewayd.core.reasons import Locale, Reason, text
from gatewayd.core.words import Json

REPEAT_S = 2.2  # The same code within 2 s is noise of the reader.
ALARM_S = 10.0  # It takes one; a machine may be busy.
LOOK_S = 0.1
ALARM = "one_gate_broken/back"
OFFICER, PIN = "petugas-1", "274931"

Note = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Happened:
    """What became of an act: as `expect` and, where an officer was asked, `answer` of the act."""

    act: Act
    verdict: str
    answer: str | None = None

    @property
    def is_right(self) -> bool:
        wanted = None if self.act.officer is None else self.act.answer
        is_seen = self.act.holds is Holds.NOTHING or self.verdict == self.act.expect
        return is_seen and self.answer == wanted

    def problem(self) -> str:
        """Say what was not as the story has it."""
        wanted = [self.act.expect, *([] if self.act.officer is None else [self.act.answer])]
        was = [self.verdict, *([] if self.answer is None else [self.answer])]
        return f"{self.act.who.en}: expected {', then '.join(wanted)}; it was {', then '.join(was)}"

    def told(self, locale: Locale) -> str:
        """Return what the screens say, in one line."""
        parts = [self.act.who.text(locale)]
        for code in (self.verdict.rpartition(" ")[2], self.answer):
            if code in set(Reason):
                parts.append(text(Reason(code), locale))
            elif code:
                parts.append(_WORDS[code][list(Locale).index(locale)])
        return ": ".join([parts[0], " ".join(parts[1:])])


_WORDS = {
    "admitted": ("Petugas mengizinkan masuk.", "The officer lets them in."),
    "refused": ("Petugas menolak.", "The officer turns them away."),
    "alarm": ("Alarm: pintu harus tetap tertutup.", "Alarm: the door has to stay shut."),
    "shut": ("Alarm selesai.", "The alarm is over."),
    "breach": ("Pelanggaran dicatat, dan orangnya dihitung.", "A breach; the person is counted."),
    "duty": ("Petugas bertugas.", "An officer is on duty."),
    "none": ("Gerbang diam.", "The gate says nothing."),
}


class Acting:
    """pace_s: rest after each act."""

    def __init__(self, story: Story, casting: Casting, pace_s: float) -> None:
        self._story = story
        self._casting = casting
        self._pace_s = pace_s
        keys = dict.fromkeys(act.person for act in story.acts)
        self._numbers = {key: number for number, key in enumerate(keys)}
        self._shown: dict[str, str] = {}

    def roster(self) -> str:
        """Return the list of the site: who comes from where."""
        rows = [
            f"{subject(self._numbers[act.person])},{act.category},{act.region}"
            for act in self._story.acts
            if act.region is not None
        ]
        return "\n".join(["id,category,region", *rows]) + "\n"

    async def play(self, stage: Stage, note: Note) -> tuple[Happened, ...]:
        happened = []
        turns = Turns(stage.ask)
        for act, lane in zip(self._story.acts, cycle(stage.lanes.values()), strict=False):
            seen = await self._play(act, lane, stage, turns)
            happened.append(seen)
            for locale in Locale:
                note(seen.told(locale))
            await asyncio.sleep(self._pace_s)
        return tuple(happened)

    async def _play(self, act: Act, lane: DemoLane, stage: Stage, turns: Turns) -> Happened:
        match act.does:
            case Does.ENTERS:
                return await self._enter(act, lane, turns)
            case Does.LEAVES:
                is_out = await turns.leave(self._shown[act.person], lane)
                return Happened(act, "admitted exit" if is_out else "none")
            case Does.FORCES:
                before = (await stage.ask({"do": "status"}))["occupancy"]["total"]
                lane.order("force")
                is_seen = await _within(
                    stage, lambda status: status["occupancy"]["total"] == before + 1
                )
                return Happened(act, "breach" if is_seen else "none")
            case Does.OPENS_DOOR:
                await stage.move_back_door(is_shut=False)
                is_seen = await _within(stage, lambda status: ALARM in status["alarms"])
                return Happened(act, "alarm" if is_seen else "none")
            case Does.SHUTS_DOOR:
                await stage.move_back_door(is_shut=True)
                is_seen = await _within(stage, lambda status: ALARM not in status["alarms"])
                return Happened(act, "shut" if is_seen else "none")
            case Does.SIGNS_ON:
                known: dict[str, Json] = {"officer": OFFICER, "pin": PIN}
                await turns.ask({"do": "officer_add", **known})
                answer = await turns.ask({"do": "officer", "sign": "in", **known})
                return Happened(act, "duty" if answer.get("ok") is True else "none")

    async def _enter(self, act: Act, lane: DemoLane, turns: Turns) -> Happened:
        if act.holds is Holds.NOTHING:
            assert act.officer is not None, "somebody has to let them in"
            request = {"lane": lane.name, "category": act.category, **act.officer}
            return Happened(act, "", _word(await turns.admit(request, lane)))
        if act.person in self._shown:
            await asyncio.sleep(REPEAT_S)
        else:
            self._shown[act.person] = self._code(act)
        outcome, reason = await lane.show(self._shown[act.person])
        if outcome == "admitted" and not await lane.walked():
            return Happened(act, "none")
        if outcome != "referred" or act.officer is None:
            return Happened(act, f"{outcome} {reason}")
        answer = await turns.settle(act.officer, lane)
        return Happened(act, f"{outcome} {reason}", _word(answer))

    def _code(self, act: Act) -> str:
        number = self._numbers[act.person]
        if act.holds is Holds.CARD:
            return f"CARD{number:05}"
        return self._casting.coloured(number, act.category, act.colour, days=act.days)


def _word(answer: object) -> str:
    assert isinstance(answer, dict)
    return "admitted" if answer["ok"] is True else str(answer.get("reason", "none"))


async def _within(stage: Stage, is_so: Callable[[dict[str, Any]], bool]) -> bool:
    loop = asyncio.get_running_loop()
    until_s = loop.time() + ALARM_S
    while not is_so(await stage.ask({"do": "status"})):
        if loop.time() > until_s:
            return False
        await asyncio.sleep(LOOK_S)
    return True


def statements_shown(story: Story, happened: Sequence[Happened]) -> Iterator[Shown]:
    for statement in story.statements:
        about = [one for one in happened if statement.number in one.act.shows]
        is_right = bool(about) and all(one.is_right for one in about)
        words = statement.words
        yield Shown(statement.number, words.id, words.en, len(about), is_right)
