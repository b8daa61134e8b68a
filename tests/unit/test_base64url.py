import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.core import base64url


@given(st.binary(max_size=70))
@settings(max_examples=100)
def test_all_bytes_come_back(data):
    text = base64url.encode(data)
    assert "=" not in text
    assert base64url.decode(text) == data


@pytest.mark.parametrize("text", ["A", "AA==", "AB", "A A", "AA\n", "A+AA", "A/AA", "é", "A=AA"])
def test_another_spelling_of_the_same_bytes_is_none(text):
    assert base64url.decode(text) is None
