import hashlib
import hmac

import pytest

from gatewayd.core.pseudonym import KEY_SIZE, Namespace, Pseudonyms

FIXED_TEST_KEY = bytes(range(KEY_SIZE))
PSEUDONYMS = Pseudonyms(FIXED_TEST_KEY)


def test_the_format_is_key_id_dot_32_hex_digits_and_never_changes():
    """A centre that holds the key computes the same: a change here is a change of contract."""
    digest = hmac.new(FIXED_TEST_KEY, b"person\0\x00198701012010011001", hashlib.sha256).hexdigest()
    holder = PSEUDONYMS.of(Namespace.PERSON, "198701012010011001")
    assert holder == f"{PSEUDONYMS.key_id}.{digest[:32]}"
    assert holder == "86517456.42fbd7571a5ef9ce871fb88ed4f8abfe"


def test_a_person_is_always_the_same_and_others_are_others():
    assert PSEUDONYMS.of(Namespace.PERSON, "1") == PSEUDONYMS.of(Namespace.PERSON, "1")
    assert PSEUDONYMS.of(Namespace.PERSON, "1") != PSEUDONYMS.of(Namespace.PERSON, "2")


def test_issuer_and_subject_cannot_be_pushed_together():
    assert PSEUDONYMS.of(Namespace.PERSON, "bc", "a") != PSEUDONYMS.of(Namespace.PERSON, "c", "ab")


def test_under_another_key_everybody_is_a_stranger():
    other = Pseudonyms(bytes(KEY_SIZE))
    assert other.key_id != PSEUDONYMS.key_id
    ours, theirs = (each.of(Namespace.PERSON, "1") for each in (PSEUDONYMS, other))
    assert ours.partition(".")[2] != theirs.partition(".")[2]


def test_the_key_is_not_in_what_gets_logged():
    assert FIXED_TEST_KEY.hex() not in repr(PSEUDONYMS)
    assert repr(FIXED_TEST_KEY) not in repr(PSEUDONYMS)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_key_of_another_size_is_our_own_misuse(size):
    with pytest.raises(AssertionError):
        Pseudonyms(bytes(size))
