"""Defects in what is kept and sent."""

from tests.mutants.mutant import Mutant, Promise

RECORDS = (
    Mutant(
        name="a commit does not wait for the disk",
        breaks=Promise.RECORD,
        file="gatewayd/store/journal_file.py",
        old="""PRAGMA synchronous = FULL")
    connection.execute("PRAGMA secure_delete""",
        new="""PRAGMA synchronous = OFF")
    connection.execute("PRAGMA secure_delete""",
        caught_by=(
            "tests/unit/test_journal.py::test_each_commit_is_synchronous_and_erased_content_is_overwritten",
        ),
    ),
    Mutant(
        name="a receipt counts before it came",
        breaks=Promise.RECEIPT,
        file="gatewayd/runtime/publisher_streams.py",
        old="        self._book.published += 1\n",
        new="        self._book.published += 1\n        self._book.outbox.receipted(event.seq)\n",
        caught_by=(
            "tests/unit/test_publisher.py::test_an_event_is_published_live_and_leaves_the_outbox_with_its_receipt",
        ),
    ),
    Mutant(
        name="a refused event counts as received",
        breaks=Promise.RECEIPT,
        file="gatewayd/runtime/publisher_streams.py",
        old="            if reason is not None:\n                self._set_apart(event, reason)\n            return\n        self.receipts += 1",
        new="            if reason is not None:\n                self._set_apart(event, reason)\n        self.receipts += 1",
        caught_by=(
            "tests/unit/test_publisher.py::test_refused_events_stay_and_are_told_once_and_the_rest_goes_on",
        ),
    ),
    Mutant(
        name="receipts that the disk refused are forgotten",
        breaks=Promise.RECEIPT,
        file="gatewayd/runtime/publisher_outbox.py",
        old="        self._receipts, oldest = await self._blocking.run(lambda: self._confirm(batch))\n        self._fresh.difference_update(batch)",
        new="        self._fresh.difference_update(batch)\n        self._receipts, oldest = await self._blocking.run(lambda: self._confirm(batch))",
        caught_by=(
            "tests/unit/test_publisher.py::test_an_event_refused_for_a_moment_is_tried_again_soon",
        ),
    ),
    Mutant(
        name="events that waited for too long in memory are dropped",
        breaks=Promise.RECEIPT,
        file="gatewayd/runtime/publisher.py",
        old="        if self._live.has_dropped:\n            self._live.has_dropped = False\n            self._book.left_over.set()\n",
        new="",
        caught_by=(
            "tests/unit/test_publisher.py::test_news_that_grows_old_behind_a_slow_broker_is_left_to_the_backfill",
        ),
    ),
    Mutant(
        name="what the backfill sends may overtake the live events",
        breaks=Promise.RECEIPT,
        file="gatewayd/runtime/publisher_live.py",
        old="        return self._waiting[0].seq if self._waiting else None",
        new="        return self._waiting[-1].seq if self._waiting else None",
        caught_by=(
            "tests/unit/test_publisher.py::test_the_backfill_leaves_alone_what_is_still_news",
        ),
    ),
    Mutant(
        name="the backlog goes before what happens now",
        breaks=Promise.RECEIPT,
        file="gatewayd/runtime/publisher.py",
        old="        live_share = max(1, link.window // LIVE_PART)",
        new="        live_share = 1",
        caught_by=(
            "tests/unit/test_publisher.py::test_a_backlog_on_a_slow_line_leaves_room_in_the_window_for_live_events",
        ),
    ),
    Mutant(
        name="a quota that is used up convicts an event",
        breaks=Promise.RECEIPT,
        file="gatewayd/runtime/publisher_suspects.py",
        old="        if not is_at_fault or code == QUOTA_EXCEEDED:",
        new="        if not is_at_fault:",
        caught_by=(
            "tests/unit/test_publisher_quarantine.py::test_a_quota_that_is_used_up_convicts_nobody",
        ),
    ),
    Mutant(
        name="rules that forbid a whole class convict each of its events",
        breaks=Promise.RECEIPT,
        file="gatewayd/runtime/publisher_suspects.py",
        old="        is_at_fault = suspect.refusals >= REFUSALS_MAX and taken > suspect.taken_before",
        new="        is_at_fault = suspect.refusals >= REFUSALS_MAX",
        caught_by=(
            "tests/unit/test_publisher_quarantine.py::test_a_class_that_is_refused_as_a_whole_waits_for_better_rules",
        ),
    ),
    Mutant(
        name="an event set apart leaves the outbox before that is on disk",
        breaks=Promise.RECEIPT,
        file="gatewayd/runtime/publisher_streams.py",
        old="        self.quarantine.put(event.id, reason, let_pass)",
        new="        self.quarantine.put(event.id, reason, lambda: None)\n        let_pass()",
        caught_by=(
            "tests/unit/test_publisher_quarantine.py::test_an_event_that_is_set_apart_leaves_the_outbox_when_that_is_on_disk",
        ),
    ),
    Mutant(
        name="the centre is believed beyond what was ever sent",
        breaks=Promise.RECEIPT,
        file="gatewayd/core/centre_receipts.py",
        old="        return Watermark(upto) if upto <= head else None",
        new="        return Watermark(upto)",
        caught_by=(
            "tests/unit/test_publisher_receipts.py::test_the_centres_own_watermark_is_shown_and_never_falls",
        ),
    ),
    Mutant(
        name="loss by age is told to nobody",
        breaks=Promise.RECEIPT,
        file="gatewayd/runtime/upkeep.py",
        old="            self.recorder.keep(gap.fact())\n",
        new="",
        caught_by=(
            "tests/unit/test_upkeep.py::test_events_that_served_their_time_are_removed_after_it_is_recorded",
        ),
    ),
    Mutant(
        name="a gap leaves out ranges that were confirmed in between",
        breaks=Promise.RECEIPT,
        file="gatewayd/store/receipts.py",
        old="        after = max(after, end + 1)\n    return",
        new="        after = end + 1\n    return",
        caught_by=(
            "tests/unit/test_journal_retention.py::test_what_is_missing_is_exactly_what_has_no_receipt",
        ),
    ),
    Mutant(
        name="rows go before the tables have folded them",
        breaks=Promise.COUNT,
        file="gatewayd/runtime/upkeep.py",
        old="        folded = self.cache.folded()\n        await self.blocking.run(self.cache.flush)  # From here on `folded` is durable.\n",
        new="        await self.blocking.run(self.cache.flush)\n        folded = self.journal.epoch, self.journal.head()\n",
        caught_by=(
            "tests/unit/test_upkeep.py::test_what_the_tables_do_not_have_durably_is_not_removed",
        ),
    ),
    Mutant(
        name="events without receipt go with the others of their age",
        breaks=Promise.RECEIPT,
        file="gatewayd/store/journal_retention.py",
        old="        must_be_delivered_late |= not is_delivered\n",
        new="        must_be_delivered_late = not is_delivered and at is None\n",
        caught_by=(
            "tests/unit/test_journal_retention.py::test_undelivered_events_stay_longer_and_leave_a_gap_that_is_told",
        ),
    ),
    Mutant(
        name="a clock that lost its time ends the retention of everything",
        breaks=Promise.RECEIPT,
        file="gatewayd/runtime/upkeep.py",
        old="        if self.clock.quality() is ClockQuality.UNSYNCED:\n            return Limits(None, None, rules.size_max, rules.has_centre)\n",
        new="",
        caught_by=(
            "tests/unit/test_upkeep.py::test_a_clock_that_is_not_believed_removes_nothing_for_its_age",
        ),
    ),
    Mutant(
        name="somebody who is inside is forgotten for their age",
        breaks=Promise.COUNT,
        file="gatewayd/core/served.py",
        old="    return is_outside and (row",
        new="    return (row",
        caught_by=(
            "tests/unit/test_upkeep.py::test_a_signed_checkpoint_is_recorded_at_the_start_and_each_day",
        ),
    ),
    Mutant(
        name="tables on a bad block of the disk end the start",
        breaks=Promise.STARTS,
        file="gatewayd/store/cache.py",
        old="        if error.errno == errno.EIO:  # a bad block; the file can still be renamed",
        new="        if error.errno == errno.ENXIO:",
        caught_by=("tests/unit/test_cache.py::test_a_bad_block_is_damage_too",),
    ),
    Mutant(
        name="a lost row of the journal gives its number a second time",
        breaks=Promise.RECEIPT,
        file="gatewayd/store/journal_opening.py",
        old="    if seq > end.seq:",
        new="    if seq > end.seq + 1:",
        caught_by=(
            "tests/unit/test_journal_damage.py::test_an_older_copy_put_in_place_of_the_journal_is_noticed",
        ),
    ),
    Mutant(
        name="an old epoch may begin again while the clock stands in the past",
        breaks=Promise.RECEIPT,
        file="gatewayd/store/journal_head.py",
        old="    ms = max(epoch_ms, newest_ms + 1)",
        new="    ms = max(epoch_ms, newest_ms)",
        caught_by=(
            "tests/unit/test_journal_head.py::test_a_new_epoch_is_greater_than_all_known_ones",
        ),
    ),
    Mutant(
        name="a group of the tables that was cut off is taken for whole",
        breaks=Promise.STARTS,
        file="gatewayd/store/keyed_groups.py",
        old="    return len(body) == int(header[2]) and _checksum(head, body) == int(header[3], 16)",
        new="    return len(body) == int(header[2])",
        caught_by=(
            "tests/unit/test_keyed_storage_damage.py::test_a_flipped_bit_anywhere_in_the_journal_is_cut_off_or_named",
        ),
    ),
    Mutant(
        name="a snapshot of the tables without its end is believed",
        breaks=Promise.STARTS,
        file="gatewayd/store/keyed_storage.py",
        old="        if not is_ended:\n",
        new="        if not is_ended and not self._tables:\n",
        caught_by=(
            "tests/unit/test_keyed_storage_damage.py::test_a_snapshot_cut_or_changed_anywhere_is_named",
        ),
    ),
    Mutant(
        name="a flush that the disk refused is not made good",
        breaks=Promise.COUNT,
        file="gatewayd/store/keyed_storage.py",
        old="            except BaseException:\n                self._is_snapshot_due = True\n                raise",
        new="            except BaseException:\n                raise",
        caught_by=(
            "tests/unit/test_keyed_storage.py::test_a_refused_write_loses_nothing_and_the_next_flush_writes_all_anew",
        ),
    ),
    Mutant(
        name="a row whose chain does not fit is believed",
        breaks=Promise.TOLD,
        file="gatewayd/store/journal.py",
        old="    if row is None or not row.is_linked(previous) or (row.epoch, row.seq) != (epoch, seq):",
        new="    if row is None or (row.epoch, row.seq) != (epoch, seq):",
        caught_by=(
            "tests/unit/test_journal_damage.py::test_a_flipped_bit_anywhere_in_the_database_never_passes_in_silence",
        ),
    ),
    Mutant(
        name="the first manager can be made with half of the token",
        breaks=Promise.DESK,
        file="gatewayd/runtime/users.py",
        old='        if not hmac.compare_digest(token.encode("utf-8", "replace"), self._set_up.token.encode()):',
        new="        if not self._set_up.token.startswith(token):",
        caught_by=("tests/unit/test_users.py::test_the_first_manager_is_made_once_with_the_token",),
    ),
    Mutant(
        name="missed verdicts are not told when the disk is back",
        breaks=Promise.TOLD,
        file="gatewayd/runtime/recorder.py",
        old="        self._missed_verdicts += len(verdicts)\n",
        new="        self._missed_verdicts = len(verdicts)\n",
        caught_by=(
            "tests/unit/test_recorder.py::test_a_refused_verdict_is_answered_at_once_and_only_counted",
        ),
    ),
    Mutant(
        name="passages that the disk refused change their order",
        breaks=Promise.TOLD,
        file="gatewayd/runtime/recorder.py",
        old="        self._entries.extendleft(reversed(kept))",
        new="        self._entries.extendleft(kept)",
        caught_by=(
            "tests/unit/test_recorder.py::test_bodies_survive_a_refusal_in_their_order_and_verdicts_are_counted",
        ),
    ),
    Mutant(
        name="a passage told late is recorded as of now",
        breaks=Promise.TOLD,
        file="gatewayd/runtime/recorder.py",
        old="        draft = replace(draft, at=draft.at - timedelta(seconds=age_s))\n",
        new="",
        caught_by=(
            "tests/unit/test_recorder.py::test_what_happened_a_while_ago_is_recorded_with_its_time",
        ),
    ),
    Mutant(
        name="a stuck disk is kept alive by the watchdog",
        breaks=Promise.RECORD,
        file="gatewayd/runtime/service.py",
        old="            if is_moving():\n                self.tell(WATCHDOG",
        new="            if is_moving() or self._watchdog_s is not None:\n                self.tell(WATCHDOG",
        caught_by=(
            "tests/unit/test_service.py::test_a_commit_that_never_ends_takes_the_pulse_away",
        ),
    ),
)
