"""The files of the pages: their words in both languages, what they refer to, what the CSP forbids."""

import json
import re
from itertools import count
from pathlib import Path

import pytest
from aiohttp.test_utils import make_mocked_request
from hatchling.builders.wheel import WheelBuilder

from gatewayd.desk.server import STATIC
from gatewayd.desk.texts import tell_texts

ROOT = Path(__file__).parents[2]
LOCALES = ("id", "en")
PAGES = sorted(STATIC.glob("*.html"))
SCRIPTS = sorted((STATIC / "js").rglob("*.js"))
STYLES = sorted((STATIC / "css").rglob("*.css"))
CODE = {path: path.read_text() for path in (*PAGES, *SCRIPTS, *STYLES)}

KEY = r"[a-z0-9_]+(?:\.[a-z0-9_-]+)+"
INSIDE_A_PAGE = (
    r"<style\b",
    r"<script(?![^>]*\bsrc=)",
    r"\sstyle=",
    r"\son[a-z]+=",
    r"javascript:",
)


def words(locale):
    return json.loads((STATIC / "texts" / f"{locale}.json").read_text())


async def keys_of_the_gateway():
    """Return those of the codes that answers and events carry."""
    request = make_mocked_request("GET", "/api/texts/id", match_info={"locale": "id"})
    return set(json.loads((await tell_texts(request)).text))


def scripts():
    return "\n".join(CODE[path] for path in SCRIPTS)


def test_both_languages_have_the_same_words_in_them():
    names = {
        locale: {key: sorted(re.findall(r"\{(\w+)\}", text)) for key, text in words(locale).items()}
        for locale in LOCALES
    }
    assert names["id"] == names["en"]


@pytest.mark.parametrize("locale", LOCALES)
def test_no_text_is_empty_or_stands_twice(locale):
    written = (STATIC / "texts" / f"{locale}.json").read_text()
    assert all(text.strip() for text in words(locale).values())
    assert len(re.findall(rf'^\s*"{KEY}":', written, re.MULTILINE)) == len(words(locale))


async def test_every_key_that_the_pages_name_has_a_text():
    """All that looks like one counts: many are chosen before they are said."""
    known = set(words("id")) | await keys_of_the_gateway()
    beginnings = "|".join({key.partition(".")[0] for key in known})
    named = set(re.findall(rf"'((?:{beginnings})\.[a-z0-9_.-]+)'", scripts()))
    assert named - known == set()


def test_every_text_is_said_somewhere():
    """A key is written out, or made with what stands before the part that changes: `lane.${state}`."""
    written = set(re.findall(rf"['\"`]({KEY})['\"`]", scripts()))
    made = tuple(set(re.findall(r"`([a-z0-9_]+\.[a-z0-9_.]*)\$\{", scripts())))
    assert {key for key in set(words("id")) - written if not key.startswith(made)} == set()


@pytest.mark.parametrize("path", CODE, ids=count())
def test_nothing_is_written_into_a_page_that_its_policy_forbids(path):
    found = [what for what in INSIDE_A_PAGE if re.search(what, CODE[path])]
    assert found == [], path.name


def test_every_file_that_a_page_refers_to_is_there():
    named = {
        (path.name, reference)
        for path, code in CODE.items()
        for reference in re.findall(r"""['"(](/static/[\w./-]+)['")]""", code)
    }
    assert len(named) > len(PAGES)
    missing = {one for one in named if not (STATIC / one[1].removeprefix("/static/")).is_file()}
    assert missing == set()


@pytest.mark.parametrize("path", CODE, ids=count())
def test_a_page_asks_no_other_machine_for_anything(path):
    """There may be no internet where the gate stands."""
    assert re.findall(r"https?://(?!www\.w3\.org/)[^\s'\"`]+|['\"(]//\w", CODE[path]) == []


def test_the_wheel_brings_every_file_of_the_pages():
    inside = {file.distribution_path for file in WheelBuilder(str(ROOT)).recurse_included_files()}
    files = {str(path.relative_to(ROOT)) for path in STATIC.rglob("*") if path.is_file()}
    assert len(files) > 10
    assert files - inside == set()
