"""Defects at the lines to readers, turnstiles and contacts."""

from tests.mutants.mutant import Mutant, Promise

DEVICES = (
    Mutant(
        name="the checksum of a frame is not checked",
        breaks=Promise.LINE,
        file="firmware_protocol/frames.py",
        old="    if _CRC.pack(zlib.crc32(content)) != payload[-_CRC.size :]:\n        return Noise.CRC\n",
        new="",
        caught_by=("tests/unit/test_firmware_frames.py::test_a_flipped_bit_is_never_accepted",),
    ),
    Mutant(
        name="a frame that is too long is kept for ever",
        breaks=Promise.LINE,
        file="firmware_protocol/frames.py",
        old="        if self._is_overlong:\n            self._buffer.clear()\n        else:\n            self._buffer += part",
        new="        self._buffer += part",
        caught_by=(
            "tests/unit/test_firmware_frames.py::test_an_overlong_frame_is_dropped_and_does_not_fill_the_memory",
        ),
    ),
    Mutant(
        name="a frame is new twice",
        breaks=Promise.REPLAY,
        file="firmware_protocol/channel.py",
        old="        oldest = self._received + 1\n",
        new="        oldest = max(self._received, 0)\n",
        caught_by=("tests/unit/test_firmware_channel.py::test_a_frame_is_accepted_once",),
    ),
    Mutant(
        name="both directions of the line have one key",
        breaks=Promise.REPLAY,
        file="firmware_protocol/channel.py",
        old='        ours, theirs = (b"device", b"host") if is_device else (b"host", b"device")',
        new='        ours, theirs = b"host", b"host"',
        caught_by=(
            "tests/unit/test_firmware_channel.py::test_another_key_nonce_or_direction_is_refused",
        ),
    ),
    Mutant(
        name="an open command is carried out after its time",
        breaks=Promise.REPLAY,
        file="firmware_protocol/controller.py",
        old="    if now_ms >= order.expires_at_ms:\n        return Outcome.EXPIRED\n",
        new="",
        caught_by=(
            "tests/unit/test_firmware_controller.py::test_a_command_that_comes_after_its_time_opens_nothing",
        ),
    ),
    Mutant(
        name="an open command that comes again opens again",
        breaks=Promise.ONCE,
        file="firmware_protocol/controller.py",
        old="    memory = kept.remember(controller.memory, command.grant, outcome)\n    if outcome",
        new="    memory = controller.memory\n    if outcome",
        caught_by=(
            "tests/unit/test_firmware_controller.py::test_a_repeat_gets_the_first_answer_and_never_moves_the_gate",
        ),
    ),
    Mutant(
        name="a cancelled command that is still on its way opens",
        breaks=Promise.ONCE,
        file="firmware_protocol/controller.py",
        old="            memory = kept.remember(controller.memory, grant, Outcome.DENIED)\n            return replace(controller, memory=memory), ()",
        new="            return controller, ()",
        caught_by=(
            "tests/unit/test_firmware_controller.py::test_a_command_that_was_cancelled_before_it_came_does_not_open",
        ),
    ),
    Mutant(
        name="a lock-down refuses an exit",
        breaks=Promise.EXIT,
        file="firmware_protocol/controller.py",
        old="        controller.mode is Mode.EXIT_ONLY and order.command.direction is Direction.ENTRY\n",
        new="        controller.mode is Mode.EXIT_ONLY\n",
        caught_by=(
            "tests/unit/test_firmware_controller.py::test_lock_down_ends_an_entry_and_denies_the_next_but_not_an_exit",
        ),
    ),
    Mutant(
        name="a lock-down outlives a fire",
        breaks=Promise.EXIT,
        file="firmware_protocol/controller.py",
        old="        if self.is_fire:\n            return True\n        match self.mode:",
        new="        if self.is_fire and self.mode is not Mode.EXIT_ONLY:\n            return True\n        match self.mode:",
        caught_by=("tests/unit/test_firmware_controller.py::test_nothing_locks_during_a_fire",),
    ),
    Mutant(
        name="who follows on the heels of another is not told",
        breaks=Promise.TOLD,
        file="firmware_protocol/controller.py",
        old="        case SecondBody():\n            return _unattributed(controller, LogKind.TAILGATE, Direction.ENTRY, now_ms)",
        new="        case SecondBody():\n            return controller, ()",
        caught_by=(
            "tests/unit/test_firmware_controller.py::test_a_second_body_on_one_command_is_a_tailgate",
        ),
    ),
    Mutant(
        name="a log that went back in time gets its session",
        breaks=Promise.TOLD,
        file="firmware_protocol/host_log.py",
        old="            self._broken_name = offer.log\n        return",
        new="            self.expected = offer.head + 1\n        return",
        caught_by=(
            "tests/unit/test_firmware_log.py::test_a_log_that_went_backwards_is_refused_by_name",
        ),
    ),
    Mutant(
        name="the end of the log is taken from the answer to an older question",
        breaks=Promise.ONCE,
        file="firmware_protocol/host_log.py",
        old="            case Asked(sequence) if sequence == ack:",
        new="            case Asked(sequence):",
        caught_by=(
            "tests/unit/test_firmware_log.py::test_an_answer_to_an_earlier_question_does_not_tell_the_end",
        ),
    ),
    Mutant(
        name="a full log overwrites its oldest entry and tells nobody",
        breaks=Promise.TOLD,
        file="firmware_protocol/host_log.py",
        old="        lost = (EntriesLost(self.name, lost_count),) if lost_count else ()",
        new="        lost: tuple[EntriesLost, ...] = ()",
        caught_by=("tests/unit/test_firmware_log.py::test_overwritten_entries_are_told_as_lost",),
    ),
    Mutant(
        name="the host tells a device to lock in a fire",
        breaks=Promise.EXIT,
        file="firmware_protocol/host_commands.py",
        old="    if state.is_fire and not isinstance(wish.message, Indicate):\n        return False  # Nothing that could lock is sent in a fire.\n",
        new="",
        caught_by=(
            "tests/unit/test_firmware_commands.py::test_nothing_that_could_lock_is_sent_in_a_fire",
        ),
    ),
    Mutant(
        name="the host tells a device to lock before it knows of the fire",
        breaks=Promise.EXIT,
        file="firmware_protocol/host.py",
        old="        is_held = self._state is None or (",
        new="        is_held = self._state is not None and (",
        caught_by=(
            "tests/unit/test_firmware_commands.py::test_before_the_first_state_nothing_that_could_lock_is_sent",
        ),
    ),
    Mutant(
        name="a retained message of a device's broker is obeyed",
        breaks=Promise.REPLAY,
        file="firmware_protocol/mqtt_device.py",
        old='        if is_retained and received is not None:\n            received = Refused(Refusal.RETAINED, "messages of this protocol are never retained")\n',
        new="",
        caught_by=(
            "tests/unit/test_mqtt_sides.py::test_a_retained_open_never_opens_even_when_it_is_fresh",
        ),
    ),
    Mutant(
        name="a message of a device's broker is obeyed twice",
        breaks=Promise.REPLAY,
        file="firmware_protocol/mqtt_freshness.py",
        old="            is_next = stamp.counter > self._counter",
        new="            is_next = stamp.counter >= self._counter",
        caught_by=(
            "tests/unit/test_mqtt_sides.py::test_recorded_heartbeats_do_not_keep_a_dead_device_alive",
        ),
    ),
    Mutant(
        name="a cut wire of the fire contact is no fire",
        breaks=Promise.EXIT,
        file="drivers/contacts.py",
        old="        return inputs[self.number - 1] is (self.normally is Normally.OPEN)",
        new="        return inputs[self.number - 1] and self.normally is Normally.OPEN",
        caught_by=(
            "tests/unit/test_contact_inputs.py::test_a_contact_is_active_when_it_is_not_as_it_normally_is",
        ),
    ),
    Mutant(
        name="a fire at the start is told after the link is up",
        breaks=Promise.EXIT,
        file="drivers/turnstiles/polled.py",
        old='        self._change_fire(seen.is_fire)  # First, so that no lane sends orders into a fire.\n        self._is_up, self._is_loss_told = True, False\n        self._telling.tell([base.LinkUp("")])\n',
        new='        self._is_up, self._is_loss_told = True, False\n        self._telling.tell([base.LinkUp("")])\n',
        caught_by=(
            "tests/unit/test_modbus_relay.py::test_in_a_fire_at_the_start_the_relays_are_left_alone_until_it_is_over",
        ),
    ),
    Mutant(
        name="a relay is switched in a fire",
        breaks=Promise.EXIT,
        file="drivers/turnstiles/modbus_relay.py",
        old="        if not seen.is_fire:\n            await self._prepare()",
        new="        await self._prepare()",
        caught_by=(
            "tests/unit/test_modbus_relay.py::test_in_a_fire_at_the_start_the_relays_are_left_alone_until_it_is_over",
        ),
    ),
    Mutant(
        name="an open that nobody answered is sent again",
        breaks=Promise.ONCE,
        file="drivers/turnstiles/polled.py",
        old="        try:\n            await self._open(order)\n        finally:\n            self._order = None",
        new="        await self._open(order)\n        if self._openings.in_force is None or self._openings.in_force.is_known:\n            self._order = None",
        caught_by=(
            "tests/unit/test_polled_faults.py::test_flipped_bits_open_nothing_twice_and_bring_nobody_in_who_was_not_there",
        ),
    ),
    Mutant(
        name="who passed before the open is taken for its person",
        breaks=Promise.ONCE,
        file="drivers/turnstiles/polled.py",
        old="    return seen.passages.get(direction, 0) > 0 and not seen.is_open.get(direction, True)",
        new="    return seen.passages.get(direction, 0) > 0",
        caught_by=(
            "tests/unit/test_modbus_turnstile.py::test_who_passed_right_before_the_open_is_not_its_person",
        ),
    ),
    Mutant(
        name="an open of which nobody knows counts as a passage",
        breaks=Promise.ONCE,
        file="drivers/turnstiles/openings.py",
        old="        if grant is None or not grant.is_known:\n            return []",
        new="        if grant is None:\n            return []",
        caught_by=(
            "tests/unit/test_modbus_relay.py::test_an_open_that_may_not_have_been_is_no_assumed_passage",
        ),
    ),
    Mutant(
        name="a passage that may have been missed is told as none",
        breaks=Promise.ONCE,
        file="drivers/turnstiles/openings.py",
        old="        if grant is None or not grant.is_watched:\n            return []",
        new="        if grant is None:\n            return []",
        caught_by=(
            "tests/unit/test_modbus_relay.py::test_a_cable_pulled_while_granted_is_told_once_and_the_grant_stays_open",
        ),
    ),
    Mutant(
        name="the second body through a board's turnstile is taken for free passage",
        breaks=Promise.TOLD,
        file="drivers/turnstiles/openings.py",
        old="                self._tailgate_until_s = grant.close_s\n",
        new="                pass\n",
        caught_by=(
            "tests/unit/test_modbus_turnstile.py::test_two_bodies_on_one_grant_are_a_passage_and_a_tailgate",
        ),
    ),
    Mutant(
        name="a relay that is asked twice for one grant switches twice",
        breaks=Promise.ONCE,
        file="drivers/turnstiles/relay.py",
        old="        if order.grant in self._answers:\n            self._telling.tell([self._answers[order.grant]])\n        elif not",
        new="        if not",
        caught_by=(
            "tests/unit/test_relay.py::test_a_repeat_of_a_grant_answers_the_same_and_never_pulses_again",
        ),
    ),
    Mutant(
        name="a line without an end fills the memory",
        breaks=Promise.LINE,
        file="drivers/framers.py",
        old="            self._buffer += part[: LINE_SIZE_MAX - len(self._buffer)]",
        new="            self._buffer += part",
        caught_by=(
            "tests/unit/test_framers.py::test_a_line_without_an_end_takes_no_more_memory_than_a_code",
        ),
    ),
    Mutant(
        name="half a code of before the outage becomes one with the next",
        breaks=Promise.LINE,
        file="drivers/readers/line.py",
        old="        self._framer = self._new_framer()\n        if self._trigger:",
        new="        if self._trigger:",
        caught_by=(
            "tests/e2e/test_line_reader.py::test_a_code_arrives_whole_at_once_and_in_pieces",
        ),
    ),
    Mutant(
        name="a door that is open at the end of its permission is not told",
        breaks=Promise.TOLD,
        file="gatewayd/core/door.py",
        old="        return replace(door, state=DoorState.HELD), [RaiseBroken(DoorState.HELD)]",
        new="        return replace(door, state=DoorState.HELD), []",
        caught_by=(
            "tests/unit/test_door_machine.py::test_a_door_that_outlasts_its_permission_is_held",
        ),
    ),
    Mutant(
        name="the time of an earlier permission ends the one in force",
        breaks=Promise.TOLD,
        file="gatewayd/core/door.py",
        old="            if permission != door.permission:\n                return door, []  # The timer of one that another took the place of.\n",
        new="",
        caught_by=(
            "tests/unit/test_door_machine.py::test_the_end_of_an_earlier_permission_does_not_end_a_new_one",
        ),
    ),
    Mutant(
        name="a door that was open at the start is taken for shut",
        breaks=Promise.TOLD,
        file="gatewayd/runtime/doors.py",
        old="    return DoorState.HELD if was_allowed else DoorState.FORCED",
        new="    return DoorState.OPEN if was_allowed else DoorState.FORCED",
        caught_by=(
            "tests/unit/test_doors.py::test_a_door_that_was_allowed_to_be_open_at_the_end_of_a_run_is_held_in_the_next",
        ),
    ),
    Mutant(
        name="an opened door leaves the count certain",
        breaks=Promise.COUNT,
        file="gatewayd/core/projection_audits.py",
        old='    return [Change(DOORS, door, {"state": state, "since": at}), _less_certain(1, look)]',
        new='    return [Change(DOORS, door, {"state": state, "since": at})]',
        caught_by=(
            "tests/unit/test_projection.py::test_a_door_is_kept_while_it_is_open_and_makes_the_count_uncertain_once",
        ),
    ),
)
