"""The scanner that finds lines, held against tomllib, which knows the values."""

import re
import tomllib
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.locate import locate

KEYS = ("a", "b-2", "3", '"quoted.key"', "'literal key'", r'"tab\t \u00e9 \" = # ]"', '""')

# In a drawn document each value says on which line it begins: LINE is 1000 plus its number.
VALUES = (
    "LINE",
    r'"LINE \" # = [ ]"',
    r"'LINE \ # = {'",
    '"""LINE\n[not.a.table]\nnot = "a key" \\""" # ] }"""""',
    "'''LINE\n[[not]]\n'' # ] }'''''",
    "LINE-01-01 07:32:00.5Z",
    "LINE.5e0",
)
GAPS = ("", "\n", " # [a] = ] }\n", "  \t\n\n")

in_line = st.recursive(
    st.sampled_from(VALUES),
    lambda inner: st.one_of(
        st.tuples(st.just("array"), st.lists(inner, max_size=3)),
        st.tuples(st.just("inline"), st.dictionaries(st.sampled_from(KEYS), inner, max_size=3)),
    ),
    max_leaves=5,
)
flat = st.dictionaries(st.sampled_from(KEYS), in_line, min_size=1, max_size=3)
documents = st.recursive(
    flat,
    lambda inner: st.dictionaries(
        st.sampled_from(KEYS),
        st.one_of(
            in_line,
            st.tuples(st.just("dotted"), flat),
            st.tuples(st.just("table"), inner),
            st.tuples(st.just("tables"), st.lists(inner, min_size=1, max_size=3)),
        ),
        max_size=4,
    ),
    max_leaves=6,
)


class Writer:
    """Writes a drawn document as TOML, with line numbers for values and `gaps` where they may be."""

    def __init__(self, gaps: Iterator[str]) -> None:
        self.text = ""
        self.gaps = gaps

    def value(self, value):
        match value:
            case str():
                self.text += value.replace("LINE", str(1001 + self.text.count("\n")))
            case "array", items:
                self.text += "["
                for item in items:
                    self.text += next(self.gaps)
                    self.value(item)
                    self.text += next(self.gaps) + ","
                self.text += next(self.gaps) + "]"
            case "inline", items:
                self.text += "{"
                for number, (key, item) in enumerate(items.items()):
                    self.text += f"{', ' if number else ''}{key} ="
                    self.value(item)
                self.text += " }"

    def assign(self, key, value):
        self.text += f"{next(self.gaps)} {key} = "
        self.value(value)
        self.text += " # end\n"

    def table(self, table, path=()):
        for key, item in table.items():
            match item:
                case "dotted", inner:
                    for dotted, value in inner.items():
                        self.assign(f"{key} . {dotted}", value)
                case str() | ("array" | "inline", _):
                    self.assign(key, item)
        for key, item in table.items():
            match item:
                case "table", inner:
                    self.text += f"{next(self.gaps)}[ {'.'.join((*path, key))} ]\n"
                    self.table(inner, (*path, key))
                case "tables", elements:
                    for element in elements:
                        self.text += f"{next(self.gaps)}  [[{' . '.join((*path, key))}]] # [x]\n"
                        self.table(element, (*path, key))


def walk(value, path=()):
    yield path, value
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from walk(item, (*path, key))


@settings(max_examples=60)
@given(documents, st.data(), st.booleans())
def test_every_key_and_no_other_is_found_on_the_line_of_its_value(document, data, has_crlf):
    writer = Writer(iter(lambda: data.draw(st.sampled_from(GAPS)), None))
    writer.table(document)
    text = writer.text.replace("\n", "\r\n") if has_crlf else writer.text
    lines = locate(text)
    values = dict(walk(tomllib.loads(text)))
    assert set(lines) == set(values) - {()}
    for path, value in values.items():
        if not isinstance(value, dict | list):
            assert lines[path] == int(re.match(r"\d{4}", str(value)).group()) - 1000, path


def test_tables_are_where_their_headers_are():
    text = """
[site]
id = "x"
[[lanes]]
id = "one"
  [lanes.turnstile]
  port = "p"
[[lanes]]
[lanes.turnstile]
port = "q"
[a.b.c]
[a]
"""
    assert locate(text) == {
        ("site",): 2,
        ("site", "id"): 3,
        ("lanes",): 4,
        ("lanes", 0): 4,
        ("lanes", 0, "id"): 5,
        ("lanes", 0, "turnstile"): 6,
        ("lanes", 0, "turnstile", "port"): 7,
        ("lanes", 1): 8,
        ("lanes", 1, "turnstile"): 9,
        ("lanes", 1, "turnstile", "port"): 10,
        ("a",): 12,
        ("a", "b"): 11,
        ("a", "b", "c"): 11,
    }


def test_a_table_in_a_table_of_an_array_belongs_to_its_last_element():
    text = "[[a]]\n[[a.b]]\n[[a.b]]\nx = 1\n[[a]]\n[[a.b]]\ny = 1\n[a.b.c]\n"
    lines = locate(text)
    assert lines["a", 0, "b", 1, "x"] == 4
    assert lines["a", 1, "b", 0, "y"] == 7
    assert lines["a", 1, "b", 0, "c"] == 8


def test_elements_of_a_long_list_have_their_own_lines():
    lines = locate('hours = [\n  "mon", # one\n  "tue",\n]\nlast = 1')
    assert [lines["hours", 0], lines["hours", 1], lines[("last",)]] == [2, 3, 5]


def test_the_end_of_the_file_needs_no_newline():
    assert locate("a = 1") == {("a",): 1}
    assert locate("") == {}
    assert locate("# only a comment") == {}


def test_text_that_tomllib_would_refuse_is_our_own_mistake():
    with pytest.raises(AssertionError, match="line 2"):
        locate("a = 1\n!")
