import json

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatewayd.app import trust_directory
from gatewayd.app.trust_directory import read_trust
from gatewayd.core.trust import IssuerKey, Purpose, issuer_document


def make_key(issuer: str) -> IssuerKey:
    return IssuerKey(issuer, Ed25519PrivateKey.generate().public_key(), frozenset({Purpose.PASS}))


def test_all_issuers_of_the_folder_are_believed(tmp_path):
    keys = [make_key("gmsc"), make_key("rsud")]
    for key in keys:
        path = tmp_path / f"{key.issuer}.jwks.json"
        path.write_text(json.dumps(issuer_document(key)))
    folder = read_trust(tmp_path)
    assert folder.problems == ()
    assert [folder.trust.find(key.key_id)[0].issuer for key in keys] == ["gmsc", "rsud"]


def test_broken_files_are_named_and_the_good_ones_used(tmp_path, monkeypatch):
    monkeypatch.setattr(trust_directory, "FILE_SIZE_MAX", 10_000)
    key = make_key("gmsc")
    (tmp_path / "good.jwks.json").write_text(json.dumps(issuer_document(key)))
    (tmp_path / "a-text.jwks.json").write_text("hello")
    (tmp_path / "b-binary.jwks.json").write_bytes(b"\xff\xfe")
    (tmp_path / "c-deep.jwks.json").write_text("[" * 9_999)
    (tmp_path / "d-large.jwks.json").write_text(" " * 10_001)
    (tmp_path / "e-other.jwks.json").write_text("{}")
    (tmp_path / "f-folder.jwks.json").mkdir()
    (tmp_path / "g-secret.key.pem").write_text("")
    (tmp_path / ".hidden").write_text("")
    folder = read_trust(tmp_path)
    assert folder.trust.find(key.key_id)
    named = [problem.split(": ")[0].rpartition("/")[2] for problem in folder.problems]
    assert named == [*sorted(path.name for path in tmp_path.glob("[a-f]*")), "g-secret.key.pem"]


def test_a_folder_that_is_missing_is_told(tmp_path):
    folder = read_trust(tmp_path / "trust")
    [problem] = folder.problems
    assert str(tmp_path / "trust") in problem
    assert folder.trust.keys == {}
