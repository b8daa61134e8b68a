"""`gatewayd sign policy|roster|trust`: what it makes of people's files, a gate takes."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gatewayd.cli.sign import sign
from gatewayd.core.documents import Document, DocumentKind, Office, PolicyLayer, Slot, read_document
from gatewayd.core.pseudonym import KEY_SIZE, Namespace, Pseudonyms
from gatewayd.core.received import Received
from gatewayd.core.trust import IssuerKey, Purpose, collect, issuer_document
from tests.unit.centre_documents import ZONE
from tests.unit.health_codes import make_certificate, of_version_64
from tests.unit.signing import AUDIENCE

PRIVATE = Ed25519PrivateKey.generate()
SIGNS = frozenset({Purpose.POLICY, Purpose.ROSTER, Purpose.TRUST})
PSEUDONYMS = Pseudonyms(bytes(range(KEY_SIZE)))
KEY = IssuerKey("centre", PRIVATE.public_key(), SIGNS)
OFFICE = Office(AUDIENCE, ZONE, collect([KEY]), PSEUDONYMS.key_id)
LAYER = """\
level = "region"
version = "ours"
valid_from = 2026-12-01
mode = "observe"
[capacity]
total = 40
"""


@pytest.fixture
def folder(tmp_path):
    write_key(tmp_path / "centre.key.pem", PRIVATE)
    (tmp_path / "region.key").write_text(bytes(range(KEY_SIZE)).hex())
    (tmp_path / "region.key").chmod(0o600)
    return tmp_path


def write_key(path, private):
    path.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    path.chmod(0o600)


def run(folder, kind, *more, to="mojokerto", version=7):
    words = [kind, "--key", folder / "centre.key.pem", "--to", to, "--document-version", version]
    if kind == "roster":
        words += ["--name", "staff", "--privacy-key-file", folder / "region.key"]
    return CliRunner().invoke(sign, [str(word) for word in (*words, *more)])


def read(ended, slot):
    assert ended.exit_code == 0, ended.output
    at = datetime.now(UTC) + timedelta(seconds=5)
    found = read_document(ended.output.strip().encode(), slot, OFFICE, at)
    assert isinstance(found, Document), found
    return found


def given(folder, name, text):
    path = folder / name
    path.write_text(text)
    return path


def test_a_layer_file_becomes_a_document_without_what_the_claims_say(folder):
    found = read(
        run(folder, "policy", given(folder, "r.toml", LAYER)),
        Slot(DocumentKind.POLICY, "mojokerto"),
    )
    assert found.version == 7
    assert found.content == PolicyLayer(
        {"valid_from": "2026-12-01", "mode": "observe", "capacity": {"total": 40}}
    )


def test_json_does_as_well_and_a_p256_key_names_itself(folder):
    private = generate_private_key(SECP256R1())
    write_key(folder / "centre.key.pem", private)
    source = given(folder, "r.json", '{"mode": "observe"}')
    assert "give --key-id" in run(folder, "policy", source).output
    ended = run(folder, "policy", source, "--key-id", "p-1", "-o", folder / "out")
    assert (ended.exit_code, ended.output) == (0, "")
    key = IssuerKey("centre", private.public_key(), SIGNS, key_id=b"p-1")
    office = Office(AUDIENCE, ZONE, collect([key]), None)
    message = (folder / "out").read_bytes()
    found = read_document(message, Slot(DocumentKind.POLICY, "mojokerto"), office, None)
    assert isinstance(found, Document)


def test_a_document_is_withdrawn_without_a_file(folder):
    for kind in DocumentKind:
        name = "staff" if kind is DocumentKind.ROSTER else ""
        found = read(run(folder, str(kind), "--withdraw"), Slot(kind, "mojokerto", name))
        assert Received().take(found).documents


def test_a_roster_file_goes_out_in_pseudonyms_whole_and_as_changes(folder):
    before = given(folder, "old.csv", "id;category;note\nA;staff;knows\nB;visitor;\n")
    after = given(folder, "new.csv", "id,category,blocked,otp_key\nA,staff,,\nC,staff,yes,SECRET\n")
    slot = Slot(DocumentKind.ROSTER, "mojokerto", "staff")
    full = read(run(folder, "roster", before), slot)
    received = Received().take(full)
    change = run(folder, "roster", after, "--base", before, "--base-version", 7, version=8)
    assert not {"knows", "SECRET", '"A"'} & set(decoded(change.output))
    received = received.take(read(change, slot))
    assert isinstance(received, Received), received
    names = {word: PSEUDONYMS.of(Namespace.PERSON, word) for word in "ABC"}
    assert received.documents[slot].content.rows == {
        names["A"]: ("staff", "", "", "", ""),
        names["C"]: ("staff", "", "", "yes", ""),
    }
    whole = read(run(folder, "roster", after, version=8), slot)
    assert received.take(whole) is received


def decoded(text):
    payload = text.split(".")[1]
    return base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode().split(":")


def test_a_trust_file_goes_out_as_it_is(folder):
    issuer = IssuerKey("gmsc", PRIVATE.public_key(), frozenset({Purpose.PASS}))
    source = given(folder, "t.json", json.dumps(issuer_document(issuer)))
    found = read(run(folder, "trust", source), Slot(DocumentKind.TRUST, "mojokerto"))
    assert found.content.document.keys == (issuer,)


@pytest.mark.parametrize(
    ("kind", "name", "text", "more", "told"),
    [
        ("policy", "r.toml", LAYER, {"to": "/"}, "is of the level region, --to of national"),
        ("policy", "r.toml", LAYER, {"to": "Mojo Kerto"}, "expected /, a region"),
        ("policy", "r.toml", "mode =", {}, "cannot be read"),
        ("policy", "r.json", "[]", {}, "expected the keys of a policy"),
        ("policy", "r.json", '{"layers": []}', {}, "a gate would refuse it (content)"),
        ("policy", "r.json", "{}", {"to": "a/b/c/d"}, "expected /, a region"),
        ("roster", "r.csv", "person\nA\n", {}, "r.csv:1: expected a header"),
        ("roster", "r.csv", "id,category\nA,staff\nA,staff\n", {}, "r.csv:3: id: stands there"),
        ("roster", "r.csv", 'id,category\nA,"st\n', {}, "unexpected end of data"),
        ("roster", "r.csv", "id,category\nA,Staff\n", {}, "entry 1: category: expected"),
        ("trust", "t.json", "{", {}, "cannot be read"),
        ("trust", "t.pem", "nothing", {}, "expected JSON or certificates"),
        ("trust", "t.json", "{}", {}, "a gate would refuse it (content)"),
    ],
)
def test_what_a_gate_would_refuse_is_not_signed_in_vain(folder, kind, name, text, more, told):
    ended = run(folder, kind, given(folder, name, text), **more)
    assert ended.exit_code in {1, 2}
    assert told in ended.output.replace("\n", " ")


def test_a_certificate_of_a_version_that_never_was_is_told(folder):
    (folder / "t.der").write_bytes(of_version_64(make_certificate()))
    ended = run(folder, "trust", folder / "t.der")
    assert (ended.exit_code, "63 is not a valid X509 version" in ended.output) == (2, True)


def test_half_of_what_is_needed_is_misuse(folder):
    assert "give the file to sign" in run(folder, "policy").output
    source = given(folder, "r.csv", "id,category\n")
    assert "belong together" in run(folder, "roster", source, "--base-version", 3).output
