from pathlib import Path

import pytest

import gatewayd
from gatewayd.core.reasons import INAUTHENTIC, Locale, Reason, text

MEDICAL = (
    "vaksin",
    "vaccin",
    "sehat",
    "health",
    "tes ",
    "test",
    "positi",
    "covid",
    "sakit",
    " ill ",
)
EVERY_TEXT = [(reason, locale, text(reason, locale)) for reason in Reason for locale in Locale]


@pytest.mark.parametrize(("reason", "locale", "words"), EVERY_TEXT)
def test_every_reason_has_short_sentences_in_both_languages(reason, locale, words):
    """R17, R27: an instruction, and not only a colour."""
    assert words == words.strip()
    assert words.endswith(".")
    assert 10 < len(words) <= 100, "it must fit a small display"


def test_no_two_reasons_share_a_text():
    words = [words for _, _, words in EVERY_TEXT]
    assert len(set(words)) == len(words)


@pytest.mark.parametrize(("reason", "locale", "words"), EVERY_TEXT)
def test_no_text_tells_bystanders_of_anyones_health(reason, locale, words):
    assert not any(word in words.lower() for word in MEDICAL)


def test_who_finds_it_full_is_told_to_wait_and_for_what():
    """R17, R27: no bare red."""
    texts = [text(Reason.CAPACITY_FULL, locale) for locale in Locale]
    assert texts == [
        "Gedung sedang penuh. Tunggu sampai ada yang keluar, lalu pindai lagi.",
        "The building is full. Wait until somebody leaves, then scan again.",
    ]


def test_codes_are_stable_words():
    assert all(reason.value == reason.name.lower() for reason in Reason)


def test_every_reason_is_given_somewhere():
    files = Path(gatewayd.__file__).parent.rglob("*.py")
    sources = "".join(file.read_text() for file in files if file.name != "reasons.py")
    assert [reason for reason in Reason if f"Reason.{reason.name}" not in sources] == []


def test_an_inauthentic_code_is_refused_for_its_signer():
    assert {"unknown_key", "signature", "key_usage", "issuer"} == INAUTHENTIC


def test_what_the_public_vectors_call_their_reasons_are_reasons():
    """Each class of the sets for DCC and SMART Health Cards, and what rotating codes add."""
    named = (
        "prefix base45 zlib cbor cwt signature unknown_key expired not_yet_valid key_usage schema "
        "multiple_certificates revoked header signature_format issuer numeric_form chunk_index "
        "chunk_size incomplete replayed too_large unsupported"
    )
    assert set(named.split()) <= {str(reason) for reason in Reason}
