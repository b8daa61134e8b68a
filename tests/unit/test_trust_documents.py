import base64
import json
from itertools import count

import pytest

from gatewayd.core.trust import Purpose, collect
from gatewayd.core.trust_documents import TrustDocument, parse_document
from tests.unit.health_codes import (
    CARD_ISSUER,
    OTHER_SIGNER,
    certificate_id,
    jwk,
    make_certificate,
)

DER = make_certificate()
OTHER_DER = make_certificate(OTHER_SIGNER, country="AT")
REVOCATIONS = {"kid": "kid-1", "method": "rid", "ctr": 1, "rids": ["card-1"]}


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def pem(der: bytes) -> str:
    lines = base64.encodebytes(der).decode()
    return f"-----BEGIN CERTIFICATE-----\n{lines}-----END CERTIFICATE-----\n"


def parse(document) -> TrustDocument:
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    return parse_document(content)


def key_ids(document: TrustDocument) -> list[bytes]:
    return [key.key_id for key in document.keys]


def test_one_certificate_may_come_as_der():
    document = parse(DER)
    assert key_ids(document) == [certificate_id(DER)]
    assert not document.problems


def test_any_number_of_certificates_may_come_as_pem_with_text_around_them():
    text = f"first\n{pem(DER)}subject=/C=AT\n{pem(OTHER_DER)}end"
    assert key_ids(parse(text.encode())) == [certificate_id(DER), certificate_id(OTHER_DER)]
    windows = text.replace("\n", "\r\n").encode()
    assert key_ids(parse(windows)) == [certificate_id(DER), certificate_id(OTHER_DER)]


def test_a_broken_certificate_is_told_by_its_number_and_the_others_used():
    document = parse((pem(DER) + pem(b"no certificate") + pem(OTHER_DER)).encode())
    assert key_ids(document) == [certificate_id(DER), certificate_id(OTHER_DER)]
    assert document.problems == ("certificate 2: expected an X.509 certificate",)


def test_a_trust_list_is_read_bare_or_under_certificates():
    entries = [{"kid": b64(certificate_id(der)), "rawData": b64(der)} for der in (DER, OTHER_DER)]
    for document in (entries, {"certificates": entries}):
        assert key_ids(parse(document)) == [certificate_id(DER), certificate_id(OTHER_DER)]


def test_other_kinds_of_certificates_in_a_trust_list_are_left_out_without_a_word():
    entries = [
        {"rawData": b64(DER), "certificateType": "DSC"},
        {"rawData": b64(OTHER_DER), "certificateType": "CSCA"},
    ]
    document = parse(entries)
    assert key_ids(document) == [certificate_id(DER)]
    assert not document.problems


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (7, "kid and rawData"),
        ("text!", "base64"),
        ({"kid": "x"}, "kid and rawData"),
        ({"rawData": 7}, "kid and rawData"),
        ({"rawData": "!"}, "base64"),
        ({"rawData": "AAAA"}, "X.509"),
        ({"rawData": "é"}, "base64"),
        ({"rawData": b64(DER), "kid": "AAAA"}, b64(certificate_id(DER))),
        ({"rawData": b64(DER), "kid": ["AAAA"]}, b64(certificate_id(DER))),
    ],
    ids=count(),
)
def test_a_broken_entry_of_a_trust_list_is_told(entry, said):
    document = parse([entry, {"rawData": b64(OTHER_DER)}])
    assert key_ids(document) == [certificate_id(OTHER_DER)]
    [problem] = document.problems
    assert problem.startswith("certificate 1: expected ")
    assert said in problem


def test_a_jwk_set_names_its_issuer_and_may_bring_revocations():
    document = parse({"issuer": CARD_ISSUER, "keys": [jwk()], "revocations": [REVOCATIONS]})
    assert [(key.issuer, key.may_sign) for key in document.keys] == [
        (CARD_ISSUER, frozenset({Purpose.HEALTH}))
    ]
    assert [(each.issuer, each.key_id) for each in document.revocations] == [
        (CARD_ISSUER, b"kid-1")
    ]
    assert not document.problems


def test_passes_of_ours_are_taken_back_by_their_ids():
    document = parse({"issuer": "gmsc", "revoked_passes": ["0102", "0A", "", 7, "0" * 34]})
    assert document.revoked_passes == (("gmsc", b"\x01\x02"),)
    assert [problem.split(":")[0] for problem in document.problems] == [
        f"revoked pass {number}" for number in (2, 3, 4, 5)
    ]
    trust = collect(document.keys, (), document.revoked_passes)
    assert trust.has_revoked("gmsc", b"\x01\x02")
    assert not trust.has_revoked("other", b"\x01\x02")


def test_everything_may_come_together():
    document = parse(
        {
            "certificates": [b64(DER), {"rawData": b64(OTHER_DER)}],
            "jwks": {CARD_ISSUER: {"keys": [jwk()]}},
            "revocations": {CARD_ISSUER: [REVOCATIONS]},
        }
    )
    assert key_ids(document) == [certificate_id(DER), certificate_id(OTHER_DER), b"kid-1"]
    assert [each.issuer for each in document.revocations] == [CARD_ISSUER]
    assert not document.problems


def test_revocations_may_come_alone():
    document = parse({"issuer": CARD_ISSUER, "revocations": [REVOCATIONS]})
    assert not document.keys
    assert [each.counter for each in document.revocations] == [1]


def test_a_broken_revocation_list_is_told_and_the_others_used():
    misspelled = {**REVOCATIONS, "rids": ["good", "n" * 25]}
    document = parse({"issuer": CARD_ISSUER, "revocations": [{}, misspelled]})
    assert len(document.revocations) == 1
    assert "revocations 1: expected " in document.problems[0]
    assert document.problems[1] == "revocations 2: 1 of its rids are misspelled"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "X.509"),
        (b"hello", "X.509"),
        (b"{", "JSON"),
        (b"[" * 99_999, "JSON"),
        (b"{}", "trust list"),
        (b"[]", "trust list"),
        (b'{"certificates": []}', "at least one key"),
        (b'{"certificates": {}}', "by issuer"),
        (b'{"jwks": []}', "by issuer"),
        ({"jwks": {"gmsc": 7}}, "keys"),
        ({"jwks": {"": {"keys": [jwk()]}}}, "issuer"),
        ({"revocations": {"gmsc": 7}}, "list"),
        ({"keys": [jwk()]}, "--issuer"),
        (REVOCATIONS, "--issuer"),
        ({"issuer": 7, "keys": [jwk()]}, "issuer"),
        ({"issuer": 7, "revocations": []}, "issuer"),
        ({"issuer": "é", "revocations": []}, "issuer"),
        ({"issuer": "gmsc", "revocations": {}}, "list"),
        (b"-----BEGIN PRIVATE KEY-----", "secret"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_any_other_content_is_told_and_gives_nothing(content, said):
    document = parse(content)
    assert not document.keys
    assert not document.revocations
    [problem] = document.problems
    assert said in problem
