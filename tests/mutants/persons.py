"""Defects in what is known, told and forgotten of people."""

from tests.mutants.mutant import Mutant, Promise

PERSONS = (
    Mutant(
        name="people are remembered a day longer than allowed",
        breaks=Promise.PRIVACY,
        file="gatewayd/runtime/upkeep.py",
        old="kept_since=now - self.rules.retention, now=now)",
        new="kept_since=now - self.rules.retention - timedelta(days=1), now=now)",
        caught_by=(
            "tests/unit/test_upkeep.py::test_people_who_were_not_seen_for_the_retention_time_are_forgotten",
        ),
    ),
    Mutant(
        name="records are kept a day longer than allowed",
        breaks=Promise.PRIVACY,
        file="gatewayd/runtime/upkeep.py",
        old="        return Limits(now - rules.retention, now - kept,",
        new="        return Limits(now - rules.retention - timedelta(days=1), now - kept,",
        caught_by=(
            "tests/unit/test_upkeep.py::test_to_the_second_nothing_is_kept_longer_than_the_retention_time",
        ),
    ),
    Mutant(
        name="an erasure leaves what a referral knew",
        breaks=Promise.PRIVACY,
        file="gatewayd/core/erasure.py",
        old='        REFERRALS: {"holder": None, "kind": ERASED, "reason": ERASED},\n',
        new="",
        caught_by=(
            "tests/unit/test_erasure.py::test_all_tables_forget_a_holder_their_passes_grants_and_referrals",
        ),
    ),
    Mutant(
        name="an erasure leaves the status in the record",
        breaks=Promise.PRIVACY,
        file="gatewayd/core/erasure.py",
        old="                category=fact.category,\n                grant=fact.grant,",
        new="                category=fact.category,\n                status=fact.status,\n                grant=fact.grant,",
        caught_by=(
            "tests/unit/test_erasure.py::test_of_a_verdict_stays_that_there_was_one_and_what_it_opened",
        ),
    ),
    Mutant(
        name="an erased body keeps the salt by which it can be guessed",
        breaks=Promise.PRIVACY,
        file="gatewayd/store/journal_erasure.py",
        old="SET body = NULL, salt = NULL, digest = ?",
        new="SET body = NULL, digest = ?",
        caught_by=(
            "tests/unit/test_journal_erasure.py::test_an_event_that_lists_rows_erases_them_and_the_chain_holds",
        ),
    ),
    Mutant(
        name="an erasure leaves old bytes in the write-ahead log",
        breaks=Promise.PRIVACY,
        file="gatewayd/runtime/erasure.py",
        old="        await self._empty_log()\n",
        new="",
        caught_by=(
            "tests/unit/test_holder_erasure.py::test_of_an_erased_person_nothing_is_left_in_the_files_of_the_running_gate",
        ),
    ),
    Mutant(
        name="an erasure leaves old bytes in the file of the tables",
        breaks=Promise.PRIVACY,
        file="gatewayd/runtime/erasure.py",
        old="        await run(self.cache.compact)\n",
        new="",
        caught_by=(
            "tests/unit/test_holder_erasure.py::test_of_an_erased_person_nothing_is_left_in_the_files_of_the_running_gate",
        ),
    ),
    Mutant(
        name="a health reason leaves the site that publishes outcomes only",
        breaks=Promise.PRIVACY,
        file="gatewayd/mqtt/payloads.py",
        old="        Reason.REGION_TEST,\n    }",
        new="    }",
        caught_by=(
            "tests/unit/test_payloads.py::test_every_reason_that_names_a_status_or_a_test_counts_as_a_health_reason",
        ),
    ),
    Mutant(
        name="a finding tells the status that is not published",
        breaks=Promise.PRIVACY,
        file="gatewayd/mqtt/payloads.py",
        old='kept["findings"] = [_neutral(str(finding)) for finding in findings]',
        new='kept["findings"] = [str(finding) for finding in findings]',
        caught_by=(
            "tests/unit/test_payloads.py::test_with_outcome_a_health_rule_is_told_but_not_which",
        ),
    ),
    Mutant(
        name="a check-in is answered with a reason that is not published",
        breaks=Promise.PRIVACY,
        file="gatewayd/runtime/check_ins.py",
        old="words if reason == fact.reason else None, detail)",
        new="words, detail)",
        caught_by=(
            "tests/unit/test_check_in_lanes.py::test_the_centre_hears_no_more_than_events_tell",
        ),
    ),
    Mutant(
        name="a verdict is retained by the broker",
        breaks=Promise.PRIVACY,
        file="gatewayd/runtime/publisher_wording.py",
        old="        payloads.event(event, settings.site, settings.publish_status),\n",
        new="        payloads.event(event, settings.site, settings.publish_status),\n        is_retained=True,\n",
        caught_by=(
            "tests/unit/test_publisher.py::test_a_refused_state_is_told_once_and_holds_up_nothing",
        ),
    ),
    Mutant(
        name="the answer to a command is retained by the broker",
        breaks=Promise.PRIVACY,
        file="gatewayd/runtime/publisher_wording.py",
        old="        payloads.reply(reply.id, reply.result, clock.utc(), text=reply.text, detail=reply.detail),\n",
        new="        payloads.reply(reply.id, reply.result, clock.utc(), text=reply.text, detail=reply.detail),\n        is_retained=True,\n",
        caught_by=(
            "tests/unit/test_publisher_receipts.py::test_the_centres_own_watermark_is_shown_and_never_falls",
        ),
    ),
    Mutant(
        name="a pseudonym is made without the key",
        breaks=Promise.PRIVACY,
        file="gatewayd/core/pseudonym.py",
        old='        digest = self._digest(f"{namespace}\\0{issuer}\\0{subject}".encode())',
        new='        digest = hmac.digest(b"", f"{namespace}\\0{issuer}\\0{subject}".encode(), "sha256")',
        caught_by=(
            "tests/unit/test_pseudonym.py::test_the_format_is_key_id_dot_32_hex_digits_and_never_changes",
        ),
    ),
    Mutant(
        name="the log tells whose passage it was",
        breaks=Promise.PRIVACY,
        file="gatewayd/runtime/event_log.py",
        old='                    "category": passed.category,\n',
        new='                    "category": passed.category,\n                    "holder": passed.holder,\n',
        caught_by=(
            "tests/e2e/test_privacy.py::test_no_code_number_name_or_key_is_in_anything_that_is_written_or_sent",
        ),
    ),
)
