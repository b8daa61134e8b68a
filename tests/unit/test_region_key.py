"""The key that all sites of a region share: never made here, and used as it stands."""

import textwrap
from pathlib import Path

import pytest

from gatewayd.app.errors import KeyFileError
from gatewayd.app.site import read_delivered, read_rules
from gatewayd.core.pseudonym import KEY_SIZE, Namespace, Pseudonyms
from gatewayd.core.roster import DOCUMENT_COLUMNS
from gatewayd.core.roster_documents import hash_rows
from tests.unit.centre_documents import people, roster_hash
from tests.unit.test_policy_files import SETTINGS

KEY = bytes(range(KEY_SIZE))
PAGE = Path(__file__).parents[2] / "docs" / "integration.md"


@pytest.fixture
def gate(tmp_path, monkeypatch):
    monkeypatch.setattr("config.load.available_timezones", lambda: {"Asia/Jakarta"})
    (tmp_path / "lane-1.psk").write_text(bytes(KEY_SIZE).hex())
    (tmp_path / "region.key").write_text(f"{KEY.hex()}\n")
    for name in ("lane-1.psk", "region.key"):
        (tmp_path / name).chmod(0o600)
    path = tmp_path / "gate.toml"
    path.write_text(f'{SETTINGS}[privacy]\nkey_scope = "region"\nkey_file = "region.key"\n')
    return path


def test_everybody_is_known_under_the_key_of_the_region(gate):
    delivered = read_delivered(read_rules(gate), makes_key=True)
    assert delivered.knowledge.pseudonyms == Pseudonyms(KEY)


def test_a_key_of_the_region_that_is_lost_is_not_replaced_by_one_of_our_own(gate, tmp_path):
    rules = read_rules(gate)
    (tmp_path / "region.key").unlink()
    for makes_key in (True, False):
        with pytest.raises(KeyFileError, match=r"region\.key: cannot be read"):
            read_delivered(rules, makes_key=makes_key)
    assert not (tmp_path / "region.key").exists()


def test_the_centre_computes_the_same_as_the_page_says():
    text = PAGE.read_text()
    start = text.index("    import hmac\n")
    code = text[start : text.index("\n\n", text.index("def pseudonym", start))]
    page = {}
    exec(textwrap.dedent(code), page)
    ours = Pseudonyms(KEY).of(Namespace.PERSON, "198701012010011001")
    assert page["pseudonym"](KEY, "198701012010011001") == ours


def test_the_hash_of_a_roster_is_what_the_page_computes():
    text = PAGE.read_text()
    start = text.index("    import hashlib\n\n    def roster_hash")
    code = text[start : text.index("\n\nA gate verifies", start)]
    page = {}
    exec(textwrap.dedent(code), page)
    entries = people(2, valid_until="2027-12-31") | people(1, blocked="yes", region="kaltim")
    assert page["roster_hash"](entries) == roster_hash(entries)
    rows = {
        who: tuple(one.get(column, "") for column in DOCUMENT_COLUMNS)
        for who, one in entries.items()
    }
    assert page["roster_hash"](entries) == hash_rows(rows)
