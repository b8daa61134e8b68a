"""What a run holds open, as a crash left it."""

from gatewayd.app.opened import open_state
from gatewayd.core.events import Draft
from gatewayd.core.folded import HOLDERS
from tests.unit.journal_facts import AT
from tests.unit.test_erasure import ANA, VERDICT


def test_the_tables_have_what_a_crash_kept_out_of_them(tmp_path):
    with open_state(tmp_path) as before:
        before.journal.commit([(Draft(VERDICT, AT), 1.0)])
        assert before.cache.get(HOLDERS, ANA) is None
    with open_state(tmp_path) as after:
        assert after.cache.get(HOLDERS, ANA) is not None
        assert after.findings() == {}
