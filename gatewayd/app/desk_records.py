"""Builds what the manager's page asks: days, rows, rules, musters, traces, files."""

from zoneinfo import ZoneInfo

from config.schema import Settings
from gatewayd.app.desk_days import Days
from gatewayd.app.desk_feed import OlderRows
from gatewayd.app.desk_files import Files
from gatewayd.app.desk_musters import Musters
from gatewayd.app.desk_policy import PolicyDesk
from gatewayd.app.desk_reading import Reading
from gatewayd.app.desk_traces import Traces
from gatewayd.app.opened import Opened
from gatewayd.app.pages import Records
from gatewayd.app.people import Place
from gatewayd.app.release_codes import ReleaseCodes
from gatewayd.core.reasons import Locale
from gatewayd.ports import Blocking
from gatewayd.runtime.gate import Gate
from gatewayd.runtime.recorder import Recorder


def build_records(
    settings: Settings, opened: Opened, gate: Gate, recorder: Recorder, blocking: Blocking
) -> Records:
    clock, site = opened.clock, settings.site
    reading = Reading(opened.directory, blocking)
    days = Days(reading, lambda: gate.policy, clock)
    musters = Musters(gate, reading, clock)
    policy = PolicyDesk(reading, days, opened.journal, lambda: gate.policy, clock)
    codes = ReleaseCodes(settings.privacy.key_file)
    place = Place(site.name, ZoneInfo(site.timezone), Locale(site.locale))
    return Records(
        verbs={
            "day": days.tell,
            "events": OlderRows(reading, opened.journal).tell,
            "muster": musters.take,
            "trace": Traces(gate, reading, codes, recorder, clock).tell,
            **policy.verbs,
        },
        files=Files((reading, days, musters), place, recorder, opened.cache, clock).makers,
    )
