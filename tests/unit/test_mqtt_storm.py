"""Both sides of the MQTT binding in a storm: safe whatever happens, and whole when it is over."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_protocol.inputs import PassageCompleted
from firmware_protocol.reports import Answered, Logged, NeverSent, Unanswered
from firmware_protocol.words import Direction
from tests.unit.mqtt_world import LATENCY_MS, World, grant_of

TTL_MS = 1_500
OFTEN = ["open", "open", "replay", "replay"]
ACTS = [*OFTEN, "walk", "exit", "wait", "pause", "reboot", "cut", "restart"]


class Storm:
    """Drops, copies, delays, reordering, replays (retained too), cuts, restarts of both sides."""

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.world = World(seed)
        self.world.faults = self.delays
        self.deadlines_ms = {}
        self.waiting = []
        self.told = set()

    def delays(self, _publication):
        copies = self.chance.choice([0, 1, 1, 1, 1, 1, 2])
        return [self.chance.choice([1, 5, 20, 300, 2_500]) for _ in range(copies)]

    def open(self):
        grant = grant_of(len(self.deadlines_ms) + 1)
        self.deadlines_ms[grant] = self.world.now_ms + TTL_MS
        self.waiting.append(grant)
        self.world.open(grant, TTL_MS)

    def walk(self):
        self.world.walk()

    def exit(self):
        self.world.sense(PassageCompleted(Direction.EXIT))

    def wait(self):
        self.world.run(self.chance.randrange(600))

    def pause(self):
        self.world.run(4_000)

    def replay(self):
        old = self.chance.choice(self.world.carried)
        is_retained = self.chance.random() < 0.3
        self.world.hand_over(old.publication, to_device=old.to_device, is_retained=is_retained)

    def reboot(self):
        self.world.stop_device()
        self.world.start_device()

    def cut(self):
        self.world.lose_device()
        self.world.run(self.chance.randrange(3_000))
        self.world.connect_device()

    def restart(self):
        self.check()
        self.waiting.clear()
        self.world.reports.clear()
        self.world.start_host()

    def check(self):
        """Hold what was done and told against the rules; return which grants were answered."""
        world = self.world
        grants = [grant for grant in world.unlocked if grant is not None]
        assert len(grants) == len(set(grants)), "a command was executed twice"
        for grant in grants:
            assert world.unlocked_at_ms[grant] < self.deadlines_ms[grant], "opened too late"
        places = [one.entry.sequence for one in world.told(Logged)]
        assert places == sorted(set(places)), "an entry was told twice, or out of order"
        self.told |= set(places)
        answers = [one.grant for one in world.told(Answered | Unanswered | NeverSent)]
        assert len(answers) == len(set(answers)), "an open was answered twice"
        return sorted(answers)

    def clear_up(self):
        self.world.faults = lambda _: [LATENCY_MS]
        self.world.run(12_000)


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), acts=st.lists(st.sampled_from(ACTS), max_size=40))
def test_nothing_opens_twice_or_late_and_no_entry_is_lost_or_told_twice(seed, acts):
    storm = Storm(seed)
    storm.world.run(2_000)
    for act in acts:
        getattr(storm, act)()
        storm.check()
    storm.clear_up()
    assert storm.world.host.is_linked
    assert storm.check() == storm.waiting, "an open was not answered"
    assert storm.told == storm.world.logged_by_device, "an entry was lost"
    assert storm.world.controller.memory.entries == ()
