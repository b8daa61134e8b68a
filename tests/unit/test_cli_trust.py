import base64
import json

import pytest
from click.testing import CliRunner

from gatewayd.app.key_files import make_signing_key
from gatewayd.app.trust_directory import read_trust
from gatewayd.cli.trust import trust
from tests.unit.health_codes import CARD_ISSUER, certificate_id, jwk, make_certificate

TEST_CERTIFICATE = "1.3.6.1.4.1.1847.2021.1.1"


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "trust"
    path.mkdir()
    return path


@pytest.fixture
def certificate(tmp_path):
    path = tmp_path / "dsc-id.der"
    path.write_bytes(make_certificate(uses=(TEST_CERTIFICATE,)))
    return path


def run(command: str, folder, *arguments: object):
    return CliRunner().invoke(
        trust, [command, "--trust", str(folder), *map(str, arguments)], terminal_width=100
    )


def keys_of(folder) -> set[bytes]:
    return set(read_trust(folder).trust.keys)


def test_a_certificate_is_added_listed_and_removed(folder, certificate):
    added = run("add", folder, certificate)
    assert added.exit_code == 0, added.output
    assert "dsc-id.der: ID; 1 key for health, until 2023-01-01" in added.stdout
    assert "gatewayd reload" in added.stdout
    assert keys_of(folder) == {certificate_id(certificate.read_bytes())}
    assert run("list", folder).stdout.splitlines() == added.stdout.splitlines()[:1]
    removed = run("remove", folder, "dsc-id.der")
    assert removed.exit_code == 0
    assert "removed dsc-id.der" in removed.stdout
    assert keys_of(folder) == set()
    assert "no signed code is believed" in run("list", folder).stdout


def test_the_list_for_programs_has_every_key(folder, certificate, tmp_path):
    run("add", folder, certificate)
    _, public = make_signing_key(tmp_path, "gmsc")
    run("add", folder, public)
    listed = json.loads(run("list", folder, "--json").stdout)
    certificate_key, own_key = listed
    assert certificate_key == {
        "file": "dsc-id.der",
        "issuer": "ID",
        "key_id": certificate_id(certificate.read_bytes()).hex(),
        "may_sign": ["health"],
        "statements": ["test"],
        "valid_until": "2023-01-01T00:00:00.000Z",
    }
    assert (own_key["issuer"], own_key["may_sign"]) == ("gmsc", ["pass"])
    assert (own_key["statements"], own_key["valid_until"]) == (None, None)


def test_what_a_published_set_leaves_open_is_written_into_it(folder, tmp_path):
    source = tmp_path / "jwks.json"
    source.write_text(json.dumps({"keys": [jwk()]}))
    refused = run("add", folder, source)
    assert refused.exit_code == 1
    assert "--issuer" in refused.stderr
    assert "nothing was added" in refused.stderr
    assert not list(folder.iterdir())
    added = run("add", folder, source, "--issuer", CARD_ISSUER, "--may-sign", "command")
    assert added.exit_code == 0, added.output
    assert f"jwks.json: {CARD_ISSUER}; 1 key for command" in added.stdout


def test_a_published_revocation_list_is_added_for_its_issuer(folder, tmp_path):
    source = tmp_path / "crl.json"
    rids = ["card-1", "card-2.1639039300"]
    source.write_text(json.dumps({"kid": "kid-1", "method": "rid", "ctr": 1, "rids": rids}))
    added = run("add", folder, source, "--issuer", CARD_ISSUER)
    assert added.exit_code == 0, added.output
    assert f"crl.json: {CARD_ISSUER}; 2 codes taken back" in added.stdout
    [revocations] = read_trust(folder).trust.revocations.values()
    assert revocations.revokes("card-1", 4e9)


def test_a_file_is_replaced_only_when_asked_to(folder, certificate):
    assert run("add", folder, certificate).exit_code == 0
    again = run("add", folder, certificate)
    assert again.exit_code == 1
    assert "--replace" in again.stderr
    certificate.write_bytes(make_certificate(country="AT"))
    assert run("add", folder, certificate, "--replace").exit_code == 0
    assert keys_of(folder) == {certificate_id(make_certificate(country="AT"))}
    assert [path.name for path in folder.iterdir()] == ["dsc-id.der"]


@pytest.mark.parametrize(
    ("name", "content", "options", "said"),
    [
        ("a.txt", b"", [], "endings"),
        (".a.json", b"{}", [], "no dot"),
        ("a.json", b"{}", [], "trust list"),
        ("a.json", b"{", ["--issuer", "gmsc"], "JWK sets"),
        ("a.json", b"[" * 99_999, ["--issuer", "gmsc"], "JWK sets"),
        ("a.pem", b"?", ["--may-sign", "health"], "JWK sets"),
        ("a.json", b"{}", ["--issuer", "\xe9"], "--issuer"),
        ("a.json", b'{"issuer": "a", "keys": []}', ["--issuer", "b"], "another issuer"),
        ("a.json", b'{"keys": [7]}', ["--issuer", "b"], "key 1"),
    ],
    ids=str,
)
def test_a_file_that_cannot_be_used_whole_is_not_added(
    folder, tmp_path, name, content, options, said
):
    source = tmp_path / name
    source.write_bytes(content)
    refused = run("add", folder, source, *options)
    assert refused.exit_code == 1, refused.output
    assert said in refused.stderr
    assert not list(folder.iterdir())


def test_a_file_that_is_not_there_is_not_removed(folder, certificate):
    run("add", folder, certificate)
    for name in ("other.pem", "../dsc-id.der", ""):
        refused = run("remove", folder, name)
        assert refused.exit_code == 1
        assert "there are: dsc-id.der" in refused.stderr
    assert certificate.exists()


def test_a_folder_that_stands_in_the_way_is_named(folder, certificate):
    (folder / "x.pem").mkdir()
    refused = run("remove", folder, "x.pem")
    assert refused.exit_code == 1
    assert "cannot be removed" in refused.stderr
    (folder / "dsc-id.der").mkdir()
    refused = run("add", folder, certificate, "--replace")
    assert refused.exit_code == 1
    assert "cannot be written" in refused.stderr
    assert {path.name for path in folder.iterdir()} == {"x.pem", "dsc-id.der"}


def test_broken_files_are_named_beside_the_list(folder, certificate):
    run("add", folder, certificate)
    (folder / "note.txt").write_text("hello")
    listed = run("list", folder)
    assert listed.exit_code == 0
    assert "note.txt: expected" in listed.stderr
    assert listed.stdout.startswith("dsc-id.der")


def test_many_issuers_of_one_file_are_counted(folder):
    codes = ("AT", "BE", "CH", "DE", "EE", "FI")
    entries = [
        {"rawData": base64.b64encode(make_certificate(country=code)).decode()} for code in codes
    ]
    (folder / "list.json").write_text(json.dumps(entries))
    [line] = run("list", folder).stdout.splitlines()
    assert line == "list.json: 6 issuers; 6 keys for health, the first until 2023-01-01"


def test_thousands_of_keys_load(folder):
    """How fast: `python -m benchmarks.credentials`."""
    der = make_certificate()
    entry = {"rawData": base64.b64encode(der).decode()}
    (folder / "list.json").write_text(json.dumps([entry] * 5_000))
    found = read_trust(folder)
    assert found.problems == ()
    assert len(found.trust.find(certificate_id(der))) == 5_000


@pytest.mark.parametrize("command", ["list", "add", "remove"])
def test_every_command_shows_an_example(command):
    shown = CliRunner().invoke(trust, [command, "--help"]).stdout
    assert "Example" in shown
    assert f"gatewayd trust {command} --trust" in shown
