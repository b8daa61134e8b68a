"""What a secret has to be, how a token is written, and that every refusal has words."""

import pytest

from gatewayd.core import refused_access
from gatewayd.core.accounts import (
    SecretKind,
    canonical,
    flaw_of,
    kind_of,
    read_token,
    write_token,
)
from gatewayd.core.reasons import Locale
from gatewayd.core.refused_access import RefusedAccess
from gatewayd.core.roles import Role


@pytest.mark.parametrize(
    ("role", "secret", "kind"),
    [
        (Role.OFFICER, "274931", SecretKind.PIN),
        (Role.OFFICER, "123", SecretKind.PIN),
        (Role.OFFICER, "1234567890123", SecretKind.PASSWORD),
        (Role.OFFICER, "٢٧٤٩٣١", SecretKind.PASSWORD),
        (Role.OFFICER, "kapal laut biru", SecretKind.PASSWORD),
        (Role.MANAGER, "274931", SecretKind.PASSWORD),
    ],
)
def test_only_an_officers_digits_are_a_pin(role, secret, kind):
    assert kind_of(role, secret) is kind


@pytest.mark.parametrize(
    ("role", "secret", "flaw"),
    [
        (Role.OFFICER, "274931", None),
        (Role.OFFICER, "274931860415", None),
        (Role.OFFICER, "27493", RefusedAccess.PIN_SHORT),
        (Role.OFFICER, "", RefusedAccess.SECRET_SHORT),
        (Role.OFFICER, "kapal laut", RefusedAccess.SECRET_SHORT),
        (Role.OFFICER, "kapal laut biru", None),
        (Role.MANAGER, "kapal laut biru", None),
        (Role.MANAGER, "274931860415", None),
        (Role.MANAGER, "kapal lautt", RefusedAccess.PASSWORD_SHORT),
        (Role.TECHNICIAN, "x" * 257, RefusedAccess.SECRET_LONG),
        # What is tried first.
        (Role.OFFICER, "000000", RefusedAccess.SECRET_OBVIOUS),
        (Role.OFFICER, "123456", RefusedAccess.SECRET_OBVIOUS),
        (Role.OFFICER, "987654", RefusedAccess.SECRET_OBVIOUS),
        (Role.OFFICER, "121212", RefusedAccess.SECRET_OBVIOUS),
        (Role.MANAGER, "Password1234", RefusedAccess.SECRET_OBVIOUS),
        (Role.MANAGER, "katasandi-2026", RefusedAccess.SECRET_OBVIOUS),
        (Role.MANAGER, "admin manager 1", RefusedAccess.SECRET_OBVIOUS),
        (Role.MANAGER, "ibu-tata-2026!", RefusedAccess.SECRET_OBVIOUS),
        (Role.MANAGER, "QWERTYUIOPASDF", RefusedAccess.SECRET_OBVIOUS),
        (Role.MANAGER, "hahahahahahaha", RefusedAccess.SECRET_OBVIOUS),
    ],
)
def test_a_secret_is_long_enough_and_none_that_is_tried_first(role, secret, flaw):
    assert flaw_of("ibu-tata", role, secret) is flaw


def test_what_no_keyboard_sends_is_hashed_too():
    assert canonical("caf\u00e9") == canonical("cafe\u0301")
    assert canonical("\ud800") != canonical("\ud801")


def test_a_token_is_read_as_it_was_written():
    secret = bytes(range(32))
    text = write_token(secret)
    assert text.startswith("gatewayd_")
    assert read_token(text) == secret


@pytest.mark.parametrize("text", ["", "gatewayd", "bearer x", "gatewayd_!", "gatewayd_" + "A" * 99])
def test_what_is_no_token_is_none(text):
    assert read_token(text) is None


def test_every_refusal_has_a_sentence_in_both_languages():
    for code in RefusedAccess:
        indonesian, english = (refused_access.text(code, locale) for locale in Locale)
        assert indonesian != english
        assert indonesian.endswith((".", "setup"))
        assert english.endswith((".", "setup"))
