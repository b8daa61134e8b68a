"""Defects in what watches, reads and keeps in step."""

from tests.mutants.mutant import Mutant, Promise

WATCHED = (
    Mutant(
        name="the tables say that they know an event more than they do",
        breaks=Promise.COUNT,
        file="gatewayd/runtime/gate.py",
        old="self.cache.apply(project(event, self.cache.get), event.epoch, event.seq)",
        new="self.cache.apply(project(event, self.cache.get), event.epoch, event.seq + 1)",
        caught_by=(
            "tests/unit/test_gate.py::test_the_watermark_of_the_tables_follows_the_journal",
        ),
    ),
    Mutant(
        name="a refused scan of somebody inside takes them for outside",
        breaks=Promise.POLICY,
        file="gatewayd/core/projection.py",
        old="{**(look(HOLDERS, fact.holder) or {}), **told}",
        new="{**told}",
        caught_by=(
            "tests/unit/test_projection.py::test_a_new_verdict_leaves_the_presence_as_it_was",
        ),
    ),
    Mutant(
        name="the certificate of somebody else helps",
        breaks=Promise.AUTHENTIC,
        file="gatewayd/core/companions.py",
        old="    if shown.holder != other.holder or shown.is_revoked:",
        new="    if shown.is_revoked:",
        caught_by=(
            "tests/unit/test_companions.py::test_nothing_is_joined_without_a_first_or_too_late_or_to_another_person",
        ),
    ),
    Mutant(
        name="two certificates count as long as one of them does",
        breaks=Promise.POLICY,
        file="gatewayd/core/companions.py",
        old="        not_after=min(ends, default=None),",
        new="        not_after=max(ends, default=None),",
        caught_by=("tests/unit/test_companions.py::test_both_count_as_long_as_both_are_valid",),
    ),
    Mutant(
        name="a display shows codes that nobody can date",
        breaks=Promise.REPLAY,
        file="gatewayd/runtime/displays.py",
        old="        if address is None or clock.quality() is ClockQuality.UNSYNCED:",
        new="        if address is None:",
        caught_by=(
            "tests/unit/test_displays.py::test_no_code_is_shown_where_nobody_checks_in_or_the_time_is_not_known",
        ),
    ),
    Mutant(
        name="the timers of a lane that ended go on",
        breaks=Promise.RECORD,
        file="gatewayd/runtime/timers.py",
        old="            handle.cancel()",
        new="            handle.cancelled()",
        caught_by=(
            "tests/unit/test_lane_ends.py::test_a_record_that_comes_after_the_end_of_its_lane_opens_nothing",
        ),
    ),
    Mutant(
        name="a status counts before its counter is on disk",
        breaks=Promise.REPLAY,
        file="gatewayd/runtime/centre_statuses.py",
        old="        try:\n            await self._shelf.blocking.run(cache.flush)",
        new="        self._answered(holder)\n        try:\n            await self._shelf.blocking.run(cache.flush)",
        caught_by=(
            "tests/unit/test_centre_statuses.py::test_a_status_is_on_disk_before_it_counts_and_before_it_is_answered",
        ),
    ),
    Mutant(
        name="a command that waited at the broker acts",
        breaks=Promise.REPLAY,
        file="gatewayd/mqtt/connection.py",
        old="            clean_start=True if is_5 else",
        new="            clean_start=False if is_5 else",
        caught_by=(
            "tests/e2e/test_daemon_commands.py::test_a_gate_does_what_its_centre_commands_once",
        ),
    ),
    Mutant(
        name="a message is acknowledged before it is dealt with",
        breaks=Promise.RECEIPT,
        file="gatewayd/mqtt/broker.py",
        old="                yield _message(arrived)\n                self._connection.acknowledge(arrived)",
        new="                self._connection.acknowledge(arrived)\n                yield _message(arrived)",
        caught_by=(
            "tests/e2e/test_broker_adapter.py::test_a_message_is_acknowledged_when_the_next_one_is_asked_for",
        ),
    ),
    Mutant(
        name="the code of a receipt is not looked at",
        breaks=Promise.RECEIPT,
        file="gatewayd/mqtt/connection.py",
        old="            receipt.set_result(code.value)",
        new="            receipt.set_result(0)",
        caught_by=(
            "tests/e2e/test_broker_adapter.py::test_mqtt_5_tells_content_type_expiry_and_that_nobody_listens",
        ),
    ),
    Mutant(
        name="the broker's certificate is not held against its name",
        breaks=Promise.AUTHENTIC,
        file="gatewayd/mqtt/account.py",
        old="    context.minimum_version = ssl.TLSVersion.TLSv1_2\n",
        new="    context.minimum_version = ssl.TLSVersion.TLSv1_2\n    context.check_hostname = False\n",
        caught_by=(
            "tests/e2e/test_broker_adapter.py::test_a_broker_under_another_name_is_not_trusted",
        ),
    ),
    Mutant(
        name="a muster is taken anew by the second fire input",
        breaks=Promise.COUNT,
        file="gatewayd/core/muster.py",
        old="        if began is not None and was_quiet:",
        new="        if began is not None:",
        caught_by=("tests/unit/test_muster.py::test_an_alarm_begins_when_the_first_tells_of_it",),
    ),
    Mutant(
        name="the day of a report ends with the first second of the next",
        breaks=Promise.COUNT,
        file="gatewayd/core/recap.py",
        old="        if not self.begins <= draft.at < self.ends:",
        new="        if not self.begins <= draft.at <= self.ends:",
        caught_by=(
            "tests/unit/test_recap.py::test_a_day_ends_before_the_first_moment_of_the_next",
        ),
    ),
    Mutant(
        name="the alarm of a full house comes one too late",
        breaks=Promise.TOLD,
        file="gatewayd/runtime/occupancy_watch.py",
        old="total * 100 >= percent * capacity.total",
        new="total * 100 > percent * capacity.total",
        caught_by=(
            "tests/unit/test_occupancy_watch.py::test_an_alarm_is_raised_at_each_part_of_the_limit_and_ends_below_it",
        ),
    ),
    Mutant(
        name="who is blocked in a broken row of a roster comes in",
        breaks=Promise.AUTHENTIC,
        file="gatewayd/core/roster.py",
        old="    entry = None if blocked.lower() in _NO else RosterEntry(category, blocked=True)",
        new="    entry = None",
        caught_by=("tests/unit/test_roster.py::test_a_broken_row_still_blocks",),
    ),
    Mutant(
        name="a second row of a roster does not block",
        breaks=Promise.AUTHENTIC,
        file="gatewayd/core/roster.py",
        old="(first == row or reading.entry.blocked)",
        new="first == row",
        caught_by=(
            "tests/unit/test_roster.py::test_of_rows_with_the_same_id_the_one_that_blocks_counts",
        ),
    ),
    Mutant(
        name="a second roster is a way around a block",
        breaks=Promise.AUTHENTIC,
        file="gatewayd/core/roster.py",
        old="    for roster, entry in blocking or listed:",
        new="    for roster, entry in listed:",
        caught_by=(
            "tests/unit/test_credential.py::test_a_block_in_any_roster_holds_for_the_pass_too",
        ),
    ),
    Mutant(
        name="a second roster is a way around a rotating code",
        breaks=Promise.AUTHENTIC,
        file="gatewayd/core/roster.py",
        old="        key = entry.otp_key or next(keys, None)",
        new="        key = entry.otp_key",
        caught_by=("tests/unit/test_credential.py::test_a_secret_in_any_roster_holds_in_all",),
    ),
    Mutant(
        name="a roster that came out otherwise than at the centre is used",
        breaks=Promise.AUTHENTIC,
        file="gatewayd/core/roster_documents.py",
        old="    if hash_rows(rows) != change.digest:",
        new="    if roster is None and hash_rows(rows) != change.digest:",
        caught_by=(
            "tests/unit/test_received.py::test_a_result_that_is_not_what_it_should_be_is_refused",
        ),
    ),
    Mutant(
        name="a roster under another region's key is taken",
        breaks=Promise.AUTHENTIC,
        file="gatewayd/core/roster_documents.py",
        old="            if not holder.startswith(self.key_id):",
        new="            if not holder.startswith(self.key_id[0]):",
        caught_by=(
            "tests/unit/test_documents.py::test_whatever_is_signed_is_understood_or_refused",
        ),
    ),
    Mutant(
        name="a pseudonym is handed to whoever helps from afar",
        breaks=Promise.PRIVACY,
        file="gatewayd/app/diag_masking.py",
        old="    | \\b[0-9a-fA-F]{32,}\\b                 # pseudonyms, grants, keys\n",
        new="    | \\b[0-9a-fA-F]{64,}\\b\n",
        caught_by=(
            "tests/unit/test_diag.py::test_what_looks_like_a_person_or_a_secret_goes_from_any_text",
        ),
    ),
    Mutant(
        name="a person who was erased is remembered by who is on the way",
        breaks=Promise.PRIVACY,
        file="gatewayd/runtime/grants.py",
        old="                self._pending[grant] = replace(one, holder=None)",
        new="                self._pending[grant] = replace(one, category=one.category)",
        caught_by=(
            "tests/unit/test_grants.py::test_a_holder_who_is_forgotten_keeps_the_place_and_loses_the_name",
        ),
    ),
    Mutant(
        name="an event of an earlier epoch that was refused counts as sent",
        breaks=Promise.RECEIPT,
        file="gatewayd/runtime/publisher_earlier.py",
        old="        return not receipt.is_refused",
        new="        return True",
        caught_by=(
            "tests/unit/test_publisher_earlier.py::test_a_refused_event_is_tried_again_with_the_next_connection",
        ),
    ),
    Mutant(
        name="a rule that cannot be evaluated is passed over",
        breaks=Promise.POLICY,
        file="gatewayd/core/status.py",
        old="                return Ruling(Status.UNKNOWN, ends, rule_set.label, rule.name, what)",
        new="                continue",
        caught_by=(
            "tests/unit/test_status.py::test_a_rule_that_fails_decides_that_nothing_is_known",
        ),
    ),
    Mutant(
        name="a status of today holds until midnight in Greenwich",
        breaks=Promise.POLICY,
        file="gatewayd/core/status.py",
        old="time.min, tzinfo=here.zone)",
        new="time.min, tzinfo=UTC)",
        caught_by=("tests/unit/test_status.py::test_the_first_rule_that_holds_decides",),
    ),
    Mutant(
        name="of two rule-sets in force the older one decides",
        breaks=Promise.POLICY,
        file="gatewayd/core/status.py",
        old="    return max(in_force, key=_beginning, default=None)",
        new="    return min(in_force, key=_beginning, default=None)",
        caught_by=(
            "tests/unit/test_status.py::test_of_two_in_force_the_one_that_began_last_is_chosen",
        ),
    ),
    Mutant(
        name="the cookie of a session is read by scripts",
        breaks=Promise.DESK,
        file="gatewayd/desk/sign_in.py",
        old="            httponly=True,",
        new="            httponly=access.is_tls,",
        caught_by=("tests/unit/test_sign_in.py::test_the_cookie_is_the_browsers_alone",),
    ),
    Mutant(
        name="a repeat of a code is a scan while it is held in view",
        breaks=Promise.TOLD,
        file="drivers/repeat_filter.py",
        old="        self._seen_s[digest] = now_s\n        return is_repeat",
        new="        if not is_repeat:\n            self._seen_s[digest] = now_s\n        return is_repeat",
        caught_by=(
            "tests/unit/test_repeat_filter.py::test_a_code_that_stays_in_view_stays_a_repeat",
        ),
    ),
    Mutant(
        name="the C controller looks at the first byte of a MAC only",
        breaks=Promise.AUTHENTIC,
        file="firmware_protocol/c/core/channel.c",
        old="at < GL_MAC_SIZE; at++) /* all of it: the time must not tell where */",
        new="at < 1; at++)",
        caught_by=("tests/unit/test_c_golden.py::test_each_byte_of_a_mac_counts",),
    ),
    Mutant(
        name="the C controller opens on a command that is over",
        breaks=Promise.REPLAY,
        file="firmware_protocol/c/core/gate.c",
        old="    if (now_ms >= open->expires_at_ms)",
        new="    if (now_ms > open->expires_at_ms + 1000)",
        caught_by=("tests/unit/test_c_same.py::test_both_controllers_say_and_keep_the_same",),
    ),
)
