import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.core import base45

RFC_9285_EXAMPLES = [  # Sections 4.3 and 4.4.
    (b"AB", "BB8"),
    (b"Hello!!", "%69 VD92EX0"),
    (b"base-45", "UJCLQE7W581"),
    (b"ietf!", "QED8WEX0"),
]


@pytest.mark.parametrize(("data", "text"), RFC_9285_EXAMPLES)
def test_the_examples_of_the_rfc_encode_and_decode(data, text):
    assert base45.encode(data) == text
    assert base45.decode(text) == data


def test_nothing_is_the_empty_text():
    assert base45.encode(b"") == ""
    assert base45.decode("") == b""


def test_the_largest_values_fit():
    assert base45.decode(base45.encode(b"\xff")) == b"\xff"
    assert base45.decode(base45.encode(b"\xff\xff")) == b"\xff\xff"


@pytest.mark.parametrize(
    "text",
    [
        "GGW",  # 65536, one too many (section 6 of the RFC).
        ":::",
        "V5",  # 256, one too many for the octet that two characters stand for.
        "::",
        "B",  # A single character stands for nothing.
        "BB8B",
        "bb8",  # Lower case is not in the alphabet.
        "BB8\n",
        "BBé",
    ],
)
def test_text_that_no_bytes_encode_to_is_refused(text):
    assert base45.decode(text) is None


@given(st.binary(max_size=300))
@settings(max_examples=200)
def test_bytes_survive_the_round_trip(data):
    assert base45.decode(base45.encode(data)) == data


@given(st.text(alphabet="0129ABZ $%*+-./:", max_size=30))
@settings(max_examples=200)
def test_no_two_texts_stand_for_the_same_bytes(text):
    data = base45.decode(text)
    assert data is None or base45.encode(data) == text
