"""Settings: taken whole or not at all, kept, shown by their checksum; and the entry without a host."""

import struct
import zlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_protocol.controller import Controller, Host, boot, deadline_ms, step
from firmware_protocol.frames import encode
from firmware_protocol.host_settings import RETRY_MS, HostSettings
from firmware_protocol.inputs import (
    Configure,
    FireInput,
    HostBack,
    HostLost,
    ModeCommand,
    OpenCommand,
    PassageBegan,
    PassageCompleted,
    Relock,
    Tick,
    Unlock,
)
from firmware_protocol.memory import Memory
from firmware_protocol.messages import ConfigGet, Open, State
from firmware_protocol.reports import SettingsDiffer, SettingsTaken
from firmware_protocol.settings import (
    FACTORY,
    HELD_MS_MAX,
    HELD_MS_MIN,
    HOST_LOST_MS_MAX,
    HOST_LOST_MS_MIN,
    UNLOCK_MS_MAX,
    UNLOCK_MS_MIN,
    Settings,
    WithoutHost,
)
from firmware_protocol.words import Command, LogKind, Mode
from tests.unit.gatelink_line import ANNA, BUDI, ENTRY, EXIT, Line, lose, lose_to, messages

OTHERS = Settings(
    unlock_ms=1_000, unlock_ms_max=2_000, held_ms=3_000, host_lost_ms=4_000
)  # fmt: skip
SAFE = replace(FACTORY, without_host=WithoutHost.SAFE)


# --- the settings themselves --------------------------------------------------------------------


@pytest.mark.parametrize(
    "limits",
    [
        Settings(unlock_ms=UNLOCK_MS_MIN, unlock_ms_max=UNLOCK_MS_MIN),
        Settings(unlock_ms=UNLOCK_MS_MAX, unlock_ms_max=UNLOCK_MS_MAX),
        Settings(held_ms=HELD_MS_MIN, host_lost_ms=HOST_LOST_MS_MIN),
        Settings(held_ms=HELD_MS_MAX, host_lost_ms=HOST_LOST_MS_MAX),
    ],
)
def test_what_lies_within_the_limits_is_possible(limits: Settings) -> None:
    assert limits.is_possible


@pytest.mark.parametrize(
    "beyond",
    [
        Settings(unlock_ms=UNLOCK_MS_MIN - 1),
        Settings(unlock_ms=2_001, unlock_ms_max=2_000),
        Settings(unlock_ms_max=UNLOCK_MS_MAX + 1),
        Settings(held_ms=HELD_MS_MIN - 1),
        Settings(held_ms=HELD_MS_MAX + 1),
        Settings(host_lost_ms=HOST_LOST_MS_MIN - 1),
        Settings(host_lost_ms=HOST_LOST_MS_MAX + 1),
    ],
)
def test_nothing_of_what_lies_beyond_is_taken(beyond: Settings) -> None:
    assert not beyond.is_possible
    controller, _ = boot(Memory(settings=OTHERS), 0)
    assert step(controller, Configure(beyond), 1) == (controller, ())


def test_the_checksum_is_that_of_the_page() -> None:
    packed = struct.pack("<IIIIB", 1_000, 2_000, 3_000, 4_000, 0)
    assert OTHERS.checksum == zlib.crc32(packed)


@given(
    st.sampled_from(["unlock_ms", "unlock_ms_max", "held_ms", "host_lost_ms"]),
    st.integers(1, 30_000),
)
def test_no_difference_has_the_same_checksum(name: str, change: int) -> None:
    changed = replace(OTHERS, **{name: getattr(OTHERS, name) + change})
    assert len({changed.checksum, OTHERS.checksum, SAFE.checksum}) == 3


# --- what they change at the gate ---------------------------------------------------------------


def there(settings: Settings, mode: Mode = Mode.NORMAL) -> Controller:
    controller, _ = boot(Memory(), 0)
    for what in (HostBack(), Configure(settings), ModeCommand(mode)):
        controller, _ = step(controller, what, 0)
    return controller


def opened(controller: Controller, unlock_ms: int | None) -> Controller:
    return step(controller, OpenCommand(Command(ANNA, ENTRY), unlock_ms, 100), 0)[0]


@pytest.mark.parametrize(("unlock_ms", "waits_ms"), [(None, 1_000), (1_500, 1_500), (9_999, 2_000)])
def test_the_gate_waits_as_the_command_and_the_settings_say(unlock_ms, waits_ms) -> None:
    assert deadline_ms(opened(there(OTHERS), unlock_ms)) == waits_ms


def test_the_settings_say_what_is_held() -> None:
    controller, _ = step(opened(there(OTHERS), None), PassageBegan(ENTRY), 500)
    assert deadline_ms(controller) == 3_500
    controller, (held,) = step(controller, Tick(), 3_500)
    assert held.kind is LogKind.HELD


def test_settings_do_not_change_a_command_in_force() -> None:
    controller = opened(there(FACTORY), 5_000)
    controller, effects = step(controller, Configure(OTHERS), 10)
    assert (effects, deadline_ms(controller)) == ((), 5_000)


def test_settings_survive_a_reboot() -> None:
    assert boot(there(OTHERS).memory, 0)[0].memory.settings == OTHERS


# --- the entry without a host -------------------------------------------------------------------


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("settings", [FACTORY, SAFE])
def test_without_a_host_the_entry_is_as_the_settings_say_but_a_lock_down_stays(
    settings: Settings, mode: Mode
) -> None:
    controller = there(settings, mode)
    assert controller.is_free == (mode is Mode.FREE)
    controller, effects = step(controller, HostLost(), 2_000)
    is_free = settings is SAFE and mode is not Mode.EXIT_ONLY
    assert controller.is_free == is_free
    assert (Unlock(ENTRY, None) in effects) == (is_free and mode is Mode.NORMAL)
    assert (Relock(ENTRY) in effects) == (mode is Mode.FREE and not is_free)
    controller, effects = step(controller, HostBack(), 3_000)
    assert controller.is_free == (mode is Mode.FREE)


def test_who_walks_in_while_the_host_is_away_from_a_safe_entry_forces_nothing() -> None:
    controller, _ = step(there(SAFE), HostLost(), 2_000)
    _, (entry,) = step(controller, PassageCompleted(ENTRY), 2_100)
    assert (entry.kind, entry.is_free) == (LogKind.PASSAGE, True)


def test_a_command_in_force_keeps_its_person_when_a_safe_entry_is_released() -> None:
    controller, _ = step(opened(there(SAFE), 5_000), HostLost(), 2_000)
    controller, effects = step(controller, PassageCompleted(ENTRY), 2_100)
    assert (effects[-1].kind, effects[-1].grant) == (LogKind.PASSAGE, ANNA)
    assert Relock(ENTRY) not in effects
    assert controller.is_free


def test_a_boot_locks_also_a_safe_entry_until_the_host_has_had_its_time() -> None:
    controller, effects = boot(Memory(settings=SAFE), 0)
    assert effects[0] == Relock(ENTRY)
    assert (controller.host, controller.is_free) == (Host.AWAITED, False)
    controller, (unlock, lost) = step(controller, HostLost(), 2_000)
    assert (unlock, lost.kind) == (Unlock(ENTRY, None), LogKind.HOST_LOST)


@pytest.mark.parametrize("settings", [FACTORY, SAFE])
def test_a_fire_frees_and_an_exit_passes_with_and_without_a_host(settings: Settings) -> None:
    for lost in ((), (HostLost(),)):
        controller = there(settings, Mode.EXIT_ONLY)
        for what in (*lost, FireInput(is_on=True)):
            controller, _ = step(controller, what, 2_000)
        assert controller.is_free
        _, (entry,) = step(controller, PassageCompleted(EXIT), 2_100)
        assert (entry.kind, entry.direction) == (LogKind.PASSAGE, EXIT)


# --- over the line ------------------------------------------------------------------------------


def device_settings(line: Line) -> Settings:
    return line.device.controller.memory.settings


def test_a_device_with_the_right_settings_is_asked_nothing() -> None:
    line = Line().connect()
    line.run(3_000)
    assert messages(line, "device", ConfigGet) == messages(line, "device", Settings) == []


def test_a_device_with_other_settings_gets_ours_and_both_is_told_once() -> None:
    line = Line(memory=Memory(settings=OTHERS))
    line.plug()
    line.run(3_000)
    assert device_settings(line) == FACTORY
    assert line.told(SettingsDiffer, SettingsTaken) == [SettingsDiffer(OTHERS), SettingsTaken()]
    assert len(messages(line, "device", Settings)) == 1


def test_a_drift_is_seen_with_the_next_state() -> None:
    line = Line().connect()
    line.sense(Configure(SAFE))
    line.run(3_000)
    assert line.told(SettingsDiffer, SettingsTaken) == [SettingsDiffer(SAFE), SettingsTaken()]
    assert device_settings(line) == FACTORY


@pytest.mark.parametrize("lost", [ConfigGet, Settings])
def test_what_gets_lost_is_said_again(lost: type) -> None:
    line = Line(memory=Memory(settings=OTHERS))
    line.spoil = lose(lost, 2)
    line.plug()
    line.run(5_000)
    assert device_settings(line) == FACTORY
    assert line.told(SettingsDiffer, SettingsTaken) == [SettingsDiffer(OTHERS), SettingsTaken()]


def test_a_device_that_does_not_take_them_is_told_once_and_asked_each_second() -> None:
    line = Line(memory=Memory(settings=OTHERS))
    line.plug()
    stubborn = line.device._step
    line.device._step = lambda what, now_ms: (
        None if isinstance(what, Configure) else stubborn(what, now_ms)
    )
    line.run(5_000)
    assert line.told(SettingsDiffer, SettingsTaken) == [SettingsDiffer(OTHERS)]
    assert 4 <= len(messages(line, "device", Settings)) <= 6


def test_the_host_lost_time_of_the_settings_counts() -> None:
    slow = replace(FACTORY, host_lost_ms=4_000)
    line = Line(memory=Memory(settings=slow), settings=slow).connect()
    line.spoil = lose_to("device")
    line.run(3_500)
    assert not line.device.controller.is_host_lost
    line.run(800)
    assert line.device.controller.host is Host.LOST


def test_a_device_that_never_hears_a_host_says_so_in_its_log() -> None:
    line = Line()
    line.run(FACTORY.host_lost_ms)
    kinds = [entry.kind for entry in line.device.controller.memory.entries]
    assert kinds == [LogKind.BOOT, LogKind.HOST_LOST]


def test_a_command_without_a_time_is_read_as_one() -> None:
    line = Line().connect()
    frame = line.host._link._channel.seal(Open(BUDI, ENTRY, line.uptime_ms + 100))
    line.inject("device", encode(frame))
    assert line.device.controller.gate.relock_at_ms == line.uptime_ms + FACTORY.unlock_ms


def test_the_state_carries_the_checksum() -> None:
    line = Line().connect()
    line.run(300)
    assert {it[2].settings for it in messages(line, "host", State)} == {FACTORY.checksum}


def test_an_answer_that_nobody_asked_for_sends_nothing() -> None:
    watch = HostSettings(FACTORY)
    assert watch.compare(OTHERS) == ()
    assert watch.check(OTHERS.checksum, 0) == ConfigGet()
    assert watch.check(OTHERS.checksum, RETRY_MS - 1) is None
    assert watch.compare(OTHERS) == (SettingsDiffer(OTHERS), FACTORY)
    assert watch.compare(OTHERS) == ()
    assert watch.check(OTHERS.checksum, RETRY_MS) == ConfigGet()
    assert watch.compare(OTHERS) == (FACTORY,)
