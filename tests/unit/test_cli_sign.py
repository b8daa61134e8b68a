"""`gatewayd sign`: what it makes, a gate takes."""

import json

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gatewayd.app.trust_directory import read_trust
from gatewayd.cli.sign import sign
from gatewayd.core.orders import Judge, Now, Order, OrderKind
from gatewayd.core.trust import IssuerKey, Purpose, collect
from tests.unit.doubles import START

SITE = "mojokerto/dukcapil/gmsc"


class FixedClock:
    def utc(self):
        return START


@pytest.fixture(autouse=True)
def _fixed_clock(monkeypatch):
    monkeypatch.setattr("gatewayd.cli.sign.SystemClock", FixedClock)


def run(*words, stdin=""):
    return CliRunner().invoke(sign, [str(word) for word in words], input=stdin)


def keygen(folder, *more):
    words = [word for kind in OrderKind for word in ("--may-sign", kind.purpose)]
    return run("keygen", "--issuer", "centre", "--out", folder, *words, *more)


def judged(folder, kind, text, nonces=()):
    judge = Judge(SITE, read_trust(folder).trust)
    return judge.read(text.strip().encode(), kind, Now(START, {}, nonces), is_retained=False)


@pytest.mark.parametrize("kind", list(OrderKind))
def test_a_gate_that_believes_the_key_takes_what_is_signed_with_it(tmp_path, kind):
    assert keygen(tmp_path, "--place", "mojokerto").exit_code == 0
    claims = json.dumps({"do": "diagnostics", "epoch": "x"})
    made = run(kind, "--key", tmp_path / "centre.key.pem", "--to", SITE, claims)
    order = judged(tmp_path, kind, made.output)
    assert isinstance(order, Order)
    assert order.claims["do"] == "diagnostics"
    others = [other for other in OrderKind if other is not kind]
    assert not any(isinstance(judged(tmp_path, other, made.output), Order) for other in others)


def test_claims_may_come_from_stdin_and_carry_a_nonce(tmp_path):
    keygen(tmp_path)
    key = ("--key", tmp_path / "centre.key.pem", "--to", SITE)
    made = run("command", *key, "--nonce", "ab12", "-", stdin='{"do": "reload"}')
    order = judged(tmp_path, OrderKind.COMMAND, made.output)
    assert order.claims["nonce"] == "ab12"


def test_a_key_on_the_p_256_curve_signs_under_the_id_it_is_given(tmp_path):
    private = generate_private_key(SECP256R1())
    path = tmp_path / "p256.pem"
    path.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    path.chmod(0o600)
    words = ("command", "--key", path, "--to", SITE, '{"do": "reload"}')
    assert "give --key-id" in run(*words).output
    made = run(*words, "--key-id", "key-1").output.strip().encode()
    key = IssuerKey("centre", private.public_key(), frozenset({Purpose.COMMAND}), key_id=b"key-1")
    judge = Judge(SITE, collect([key]))
    order = judge.read(made, OrderKind.COMMAND, Now(START, {}), is_retained=False)
    assert isinstance(order, Order)


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ("[]", "JSON object"),
        ("do", "JSON object"),
        ('{"do": "explode"}', "none of the commands"),
        (json.dumps({"do": "reload", "note": "x" * 20_000}), "makes more than"),
    ],
)
def test_what_no_gate_would_take_is_not_signed(tmp_path, claims, said):
    keygen(tmp_path)
    made = run("command", "--key", tmp_path / "centre.key.pem", "--to", SITE, claims)
    assert (made.exit_code, said in made.output) == (2, True)


def test_the_keys_are_told_for_programs_and_a_wrong_place_is_refused(tmp_path):
    told = json.loads(keygen(tmp_path, "--json").output)
    assert told["private"].endswith("centre.key.pem")
    wrong = keygen(tmp_path / "b", "--place", "Mojokerto")
    assert (wrong.exit_code, "lower case" in wrong.output) == (2, True)


def test_a_file_that_is_no_key_is_named(tmp_path):
    path = tmp_path / "no.pem"
    path.write_text("no")
    path.chmod(0o600)
    made = run("command", "--key", path, "--to", SITE, '{"do": "reload"}')
    assert (made.exit_code, "expected a private key" in made.output) == (2, True)
