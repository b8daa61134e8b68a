"""Defects in what decides, opens and counts."""

from tests.mutants.mutant import Mutant, Promise

GATE = (
    Mutant(
        name="the lane is told before the commit",
        breaks=Promise.RECORD,
        file="gatewayd/runtime/recorder.py",
        old="""        self._put(_Entry(self._draft(fact), self._asked_s, done, is_kept=False))
""",
        new="""        self._put(_Entry(self._draft(fact), self._asked_s, done, is_kept=False))
        done(Event("0" * 16, 1, self._draft(fact), "", 0.0))
""",
        caught_by=(
            "tests/unit/test_recorder.py::test_the_tables_know_a_record_before_whoever_asked_for_it_and_all_others_after",
        ),
    ),
    Mutant(
        name="a record that lands after its time opens the entry",
        breaks=Promise.RECORD,
        file="gatewayd/core/lane.py",
        old="""    after, effects = _serve_next(lane, windows)
    match state.outcome:
        case None:
            raise AssertionError("late before it was decided")
""",
        new="""    return lane, []
    after, effects = _serve_next(lane, windows)
    match state.outcome:
        case None:
            raise AssertionError("late before it was decided")
""",
        caught_by=("tests/unit/test_lane_machine.py::test_a_late_record_opens_no_entry",),
    ),
    Mutant(
        name="the window of an earlier grant closes a new one",
        breaks=Promise.ONCE,
        file="gatewayd/core/lane.py",
        old="if not isinstance(state, Granted | Passing) or state.grant != what.grant:",
        new="if not isinstance(state, Granted | Passing):",
        caught_by=(
            "tests/unit/test_lane_machine.py::test_what_comes_late_of_an_earlier_grant_changes_nothing",
        ),
    ),
    Mutant(
        name="a window is not watched to its end",
        breaks=Promise.ONCE,
        file="gatewayd/core/lane.py",
        old="            StartTimer(WindowOver(grant), windows.settled_ms),\n",
        new="",
        caught_by=(
            "tests/unit/test_lane_machine.py::test_nothing_opens_before_the_verdict_is_recorded",
        ),
    ),
    Mutant(
        name="a lane gives up its grant when the person has begun to walk",
        breaks=Promise.ONCE,
        file="gatewayd/core/lane.py",
        old="""        case WindowOver() if isinstance(state, Passing):
            return lane, []  # They began in time; PassageOverdue watches them now.
""",
        new="",
        caught_by=(
            "tests/unit/test_lane_machine.py::test_somebody_between_the_arms_is_watched_and_not_cut_off",
        ),
    ),
    Mutant(
        name="a lock-down leaves an entry that was granted before it open",
        breaks=Promise.ONCE,
        file="gatewayd/core/lane.py",
        old="    if isinstance(after.state, Granted) and _is_taken_back(after):",
        new="    if isinstance(lane.state, Granted) and _is_taken_back(lane):",
        caught_by=(
            "tests/unit/test_lane_machine.py::test_locking_while_granted_takes_the_entry_back_and_not_the_exit",
        ),
    ),
    Mutant(
        name="the device is told to lock in a fire",
        breaks=Promise.EXIT,
        file="gatewayd/core/lane.py",
        old="after.is_linked and not after.is_fire:",
        new="after.is_linked:",
        caught_by=(
            "tests/unit/test_lane_machine.py::test_in_a_fire_the_lane_is_free_and_the_turnstile_is_told_nothing",
        ),
    ),
    Mutant(
        name="a lock-down ends the fire of another lane",
        breaks=Promise.EXIT,
        file="gatewayd/core/lane.py",
        old="ApplyOrder(Order.FREE if after.is_site_fire else after.order)",
        new="ApplyOrder(after.order)",
        caught_by=(
            "tests/unit/test_lane_properties.py::test_the_lane_keeps_its_promises_and_every_edge_is_reached",
        ),
    ),
    Mutant(
        name="a disk that refuses holds an exit",
        breaks=Promise.EXIT,
        file="gatewayd/core/lane.py",
        old="""def _record_failed(lane: Lane, state: Deciding, shown: Indication, windows: Windows) -> Step:
    if state.ticket.direction is Direction.EXIT:
        return _open_unrecorded(lane, state, windows)
""",
        new="""def _record_failed(lane: Lane, state: Deciding, shown: Indication, windows: Windows) -> Step:
""",
        caught_by=("tests/unit/test_lane_machine.py::test_an_exit_opens_without_its_record",),
    ),
    Mutant(
        name="an interlock holds an exit",
        breaks=Promise.EXIT,
        file="gatewayd/core/lane.py",
        old="    return is_entry and lane.is_held and isinstance(rest_state(lane), Idle)",
        new="    return lane.is_held and isinstance(rest_state(lane), Idle)",
        caught_by=("tests/unit/test_interlock.py::test_a_held_lane_decides_an_exit_at_once",),
    ),
    Mutant(
        name="a full house refuses an exit",
        breaks=Promise.EXIT,
        file="gatewayd/core/decide.py",
        old="    if usage.direction is Direction.EXIT:",
        new="    if usage.direction is Direction.EXIT and has_place(ANONYMOUS, occupancy, policy):",
        caught_by=(
            "tests/unit/test_decide.py::test_no_mode_full_house_or_rule_holds_anybody_at_the_exit",
        ),
    ),
    Mutant(
        name="a fire ends when the first of its inputs is closed again",
        breaks=Promise.EXIT,
        file="gatewayd/runtime/fire.py",
        old="            is_fire = bool(self._sources - {own})",
        new="            is_fire = is_on and bool(self._sources - {own})",
        caught_by=("tests/unit/test_fire.py::test_a_fire_lasts_until_the_last_input_is_off",),
    ),
    Mutant(
        name="grants of the run before are forgotten",
        breaks=Promise.ONCE,
        file="gatewayd/runtime/gate.py",
        old="Grants(cache.items(GRANTS), clock.monotonic())",
        new="Grants((), clock.monotonic())",
        caught_by=(
            "tests/unit/test_gate.py::test_after_a_restart_grants_without_an_end_still_hold_their_place",
        ),
    ),
    Mutant(
        name="a grant without its end on disk gives its place free",
        breaks=Promise.COUNT,
        file="gatewayd/runtime/grants.py",
        old="            if one.direction is Direction.ENTRY and is_of(one.lane):",
        new="            if one.direction is Direction.ENTRY and is_of(one.lane) and not one.is_ending:",
        caught_by=(
            "tests/unit/test_grants.py::test_a_grant_holds_a_place_from_its_decision_to_its_end_on_disk",
        ),
    ),
    Mutant(
        name="two lanes give the last place away",
        breaks=Promise.COUNT,
        file="gatewayd/core/occupancy.py",
        old="        left.append(capacity.total - occupancy.total_taken - kept)",
        new="        left.append(capacity.total - occupancy.total - kept)",
        caught_by=("tests/unit/test_occupancy.py::test_the_reserve_is_the_staffs_used_or_not",),
    ),
    Mutant(
        name="visitors take what is reserved for staff",
        breaks=Promise.POLICY,
        file="gatewayd/core/occupancy.py",
        old="max(0, capacity.staff_reserve - staff)",
        new="min(0, capacity.staff_reserve - staff)",
        caught_by=("tests/unit/test_occupancy.py::test_both_limits_hold",),
    ),
    Mutant(
        name="an unknown outcome is taken for a passage that was not",
        breaks=Promise.ONCE,
        file="gatewayd/runtime/lane.py",
        old="                self._reports.open_unknown(GrantId(grant))",
        new='                self._reports.expire(GrantId(grant), "not_opened")',
        caught_by=(
            "tests/unit/test_lane_shell.py::test_an_unknown_outcome_holds_its_place_for_ten_minutes_and_is_then_uncertain",
        ),
    ),
    Mutant(
        name="an outcome that stays unknown is taken for certain",
        breaks=Promise.COUNT,
        file="gatewayd/runtime/lane.py",
        old='self._reports.expire(grant, "unknown_outcome", is_uncertain=True)',
        new='self._reports.expire(grant, "unknown_outcome")',
        caught_by=(
            "tests/unit/test_lane_shell.py::test_an_unknown_outcome_holds_its_place_for_ten_minutes_and_is_then_uncertain",
        ),
    ),
    Mutant(
        name="what a log that lost entries does not tell never opened",
        breaks=Promise.COUNT,
        file="gatewayd/runtime/reports.py",
        old="        self._is_gap = True\n",
        new="",
        caught_by=(
            "tests/unit/test_reports.py::test_what_a_gap_in_the_log_may_have_told_is_uncertain",
        ),
    ),
    Mutant(
        name="a log entry that comes again is counted again",
        breaks=Promise.COUNT,
        file="gatewayd/runtime/reports.py",
        old="        if log.sequence <= self._submitted.get(log.device, 0):\n            return False  # Its commit is on the way.\n",
        new="",
        caught_by=(
            "tests/unit/test_reports.py::test_an_entry_that_comes_again_while_its_commit_is_on_the_way_is_recorded_once",
        ),
    ),
    Mutant(
        name="a log entry is acknowledged before it is recorded",
        breaks=Promise.TOLD,
        file="gatewayd/runtime/reports.py",
        old="        self._recorder.keep(fact, lambda _: self._acknowledge(done), age_s=age_s)",
        new="        self._recorder.keep(fact, age_s=age_s)\n        self._acknowledge(done)",
        caught_by=(
            "tests/unit/test_reports.py::test_an_entry_is_acknowledged_when_it_is_on_disk_and_not_before",
        ),
    ),
    Mutant(
        name="who follows on the heels of another is taken for a guest",
        breaks=Promise.TOLD,
        file="gatewayd/runtime/reports.py",
        old="        if direction is Direction.ENTRY and grant is None and not (is_free or report.free):",
        new="        if direction is Direction.ENTRY and grant is None and not (is_free or report.free or not report.assumed):",
        caught_by=("tests/unit/test_reports.py::test_an_entry_without_a_grant_is_a_breach",),
    ),
    Mutant(
        name="a body that nobody saw come in does not make the count uncertain",
        breaks=Promise.COUNT,
        file="gatewayd/core/projection.py",
        old="            missed = _move(by_category, fact.category or ANONYMOUS, fact.direction)\n            uncertain += missed",
        new="            _move(by_category, fact.category or ANONYMOUS, fact.direction)",
        caught_by=(
            "tests/unit/test_projection.py::test_an_exit_of_a_category_with_nobody_inside_takes_one_of_the_largest",
        ),
    ),
    Mutant(
        name="a grant counts as an entry before anybody walked",
        breaks=Promise.COUNT,
        file="gatewayd/core/projection.py",
        old='            "at": at,\n        }\n        changes.append(Change(GRANTS, fact.grant, grant))',
        new='            "at": at,\n        }\n        changes.append(Change(GRANTS, fact.grant, grant))\n        if fact.holder is not None and fact.direction is Direction.ENTRY:\n            changes.append(Change(HOLDERS, fact.holder, {**told, "inside_since": at}))',
        caught_by=("tests/unit/test_projection.py::test_granted_is_not_entered",),
    ),
    Mutant(
        name="a pass of ten entries has none used by a passage of unknown outcome",
        breaks=Promise.POLICY,
        file="gatewayd/core/projection.py",
        old="    is_in = fact.outcome is PassageOutcome.COMPLETED or fact.uncertain",
        new="    is_in = fact.outcome is PassageOutcome.COMPLETED",
        caught_by=(
            "tests/unit/test_projection.py::test_a_pass_is_used_when_somebody_came_in_with_it",
        ),
    ),
    Mutant(
        name="who is on the way in may come in by the other lane as well",
        breaks=Promise.ONCE,
        file="gatewayd/core/decide.py",
        old="    elif usage.has_grant:\n        reason = Reason.ALREADY_GRANTED\n    else:",
        new="    else:",
        caught_by=(
            "tests/unit/test_decide.py::test_who_is_inside_already_is_refused_noted_or_let_in",
        ),
    ),
    Mutant(
        name="a timed block of who is inside never ends",
        breaks=Promise.POLICY,
        file="gatewayd/core/decide.py",
        old="(over is not None and case.at >= over)",
        new="(over is not None and case.at >= over and usage.has_grant)",
        caught_by=("tests/unit/test_decide.py::test_timed_anti_passback_ends_to_the_second",),
    ),
    Mutant(
        name="a pass counts on the second of its end",
        breaks=Promise.POLICY,
        file="gatewayd/core/decide.py",
        old="        if ends is not None and case.at >= ends:",
        new="        if ends is not None and case.at > ends:",
        caught_by=(
            "tests/unit/test_decide.py::test_a_credential_holds_from_its_first_to_before_its_last_moment",
        ),
    ),
    Mutant(
        name="a block in a roster does not hold for the pass of the same person",
        breaks=Promise.AUTHENTIC,
        file="gatewayd/core/decide.py",
        old="        case SignedPass(entry=RosterEntry(blocked=True)) | CheckIn(entry=RosterEntry(blocked=True)):",
        new="        case CheckIn(entry=RosterEntry(blocked=True)):",
        caught_by=(
            "tests/unit/test_decide.py::test_who_is_blocked_is_refused_with_a_genuine_pass_too",
        ),
    ),
    Mutant(
        name="who is blocked and checks in by phone comes in",
        breaks=Promise.AUTHENTIC,
        file="gatewayd/core/decide.py",
        old="        case SignedPass(entry=RosterEntry(blocked=True)) | CheckIn(entry=RosterEntry(blocked=True)):",
        new="        case SignedPass(entry=RosterEntry(blocked=True)):",
        caught_by=(
            "tests/unit/test_check_ins.py::test_what_a_roster_says_of_the_person_counts_too",
        ),
    ),
    Mutant(
        name="an officer admits into a house that is locked down",
        breaks=Promise.POLICY,
        file="gatewayd/core/decide.py",
        old="            return _fail(name, Reason.LOCKED_DOWN, is_physical=True)",
        new="            return _fail(name, Reason.LOCKED_DOWN, Answer.REFER, is_physical=True)",
        caught_by=("tests/unit/test_decide.py::test_a_lane_that_cannot_let_in_refuses_everybody",),
    ),
    Mutant(
        name="observing admits, out of hours, who holds up a picture of a lane's code",
        breaks=Promise.POLICY,
        file="gatewayd/core/decide.py",
        old="    if is_observed and not any(one.is_physical for one in explain(case)):",
        new="    if is_observed and not checked.is_physical:",
        caught_by=(
            "tests/unit/test_decide.py::test_observing_admits_nobody_who_may_not_stand_there",
        ),
    ),
    Mutant(
        name="a negative test of tomorrow counts today",
        breaks=Promise.POLICY,
        file="gatewayd/core/decide.py",
        old="        and timedelta() <= at - test.sampled_at < timedelta(",
        new="        and at - test.sampled_at < timedelta(",
        caught_by=("tests/unit/test_decide.py::test_no_other_result_counts",),
    ),
    Mutant(
        name="a birthday is judged by the calendar of Greenwich",
        breaks=Promise.POLICY,
        file="gatewayd/core/decide.py",
        old="evidence.age(case.at.astimezone(case.policy.zone).date())",
        new="evidence.age(case.at.date())",
        caught_by=("tests/unit/test_decide.py::test_a_birthday_is_one_where_the_gate_stands",),
    ),
    Mutant(
        name="opening hours over midnight end at midnight on a holiday's eve",
        breaks=Promise.POLICY,
        file="gatewayd/core/hours.py",
        old="            for each in (today, today - timedelta(days=1))",
        new="            for each in (today, today)",
        caught_by=(
            "tests/unit/test_hours.py::test_hours_over_midnight_belong_to_the_day_on_which_they_begin",
        ),
    ),
    Mutant(
        name="opening hours are those of Greenwich",
        breaks=Promise.POLICY,
        file="gatewayd/core/hours.py",
        old="        local = at.astimezone(zone)\n",
        new="        local = at\n",
        caught_by=(
            "tests/unit/test_hours.py::test_hours_begin_with_their_first_minute_and_end_before_their_last",
        ),
    ),
    Mutant(
        name="a layer of the policy holds a day too long",
        breaks=Promise.POLICY,
        file="gatewayd/core/policy_layers.py",
        old='    ends = table.take("valid_until", time(zone, is_end=True), None)',
        new='    ends = table.take("valid_until", time(zone, is_end=True), None)\n    ends = None if ends is None else ends + (datetime.max - datetime.max.replace(day=30))',
        caught_by=(
            "tests/unit/test_policy_layers.py::test_a_document_says_whose_it_is_and_when_it_holds",
        ),
    ),
    Mutant(
        name="a file at the site overrules what its authority sent",
        breaks=Promise.POLICY,
        file="gatewayd/core/policy_layers.py",
        old="one.is_received, one.valid_from or _BEFORE)",
        new="not one.is_received, one.valid_from or _BEFORE)",
        caught_by=(
            "tests/unit/test_policy_layers.py::test_what_an_authority_sent_counts_before_a_file_of_the_same_level",
        ),
    ),
)
