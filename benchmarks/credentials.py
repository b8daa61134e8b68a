"""How long a scan takes to understand, beside the bare check of the signature in it.

Both are measured in turn, one after the other, so the ratio holds on a busy machine as well.

Run: python -m benchmarks.credentials
"""

import base64
import json
import tempfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.x509 import load_der_x509_certificate

from benchmarks.measuring import in_turns, timed_once
from gatewayd.app.trust_directory import read_trust
from gatewayd.core import base45, cose, dcc, jws, passes, shc
from gatewayd.core.credential import (
    SCAN_SIZE_MAX,
    Credential,
    HealthCertificate,
    SignedPass,
    read_scan,
)
from gatewayd.core.passes import Pass, write_pass
from gatewayd.core.pseudonym import KEY_SIZE, Pseudonyms
from gatewayd.core.signatures import Scheme, is_signed
from gatewayd.core.signer_certificates import read_certificate
from gatewayd.core.trust import IssuerKey, Purpose, Trust, collect
from tests.unit.health_codes import (
    SIGNER,
    card_keys,
    certificate_id,
    claims,
    make_card,
    make_certificate,
    make_dcc,
    rsa_signer,
    sign_cose,
    sign_ps256,
    wrap,
)

ROUNDS = 3_000
CERTIFICATE_COUNT = 5_000
PASS_US, HEALTH_US, HOSTILE_US = 200, 300, 5_000  # Issue 5: medians, and what a hostile code costs.

PASS_KEY = Ed25519PrivateKey.generate()
RSA_DER = make_certificate(rsa_signer())
RSA_ID = certificate_id(RSA_DER)
PSEUDONYMS = Pseudonyms(bytes(KEY_SIZE))


def make_trust() -> Trust:
    own = IssuerKey("gmsc", PASS_KEY.public_key(), frozenset({Purpose.PASS}))
    signers = [read_certificate(der) for der in (make_certificate(), RSA_DER)]
    return collect([own, *card_keys(), *(each for each in signers if isinstance(each, IssuerKey))])


TRUST = make_trust()


@dataclass(frozen=True, slots=True)
class Case:
    """check: only the check of the signature in it; None where none is made."""

    name: str
    scan: str
    limit_us: int
    check: Callable[[], bool] | None = None


def main() -> None:
    print(f"{ROUNDS} rounds each; times in us\n")
    print(
        f"{'':30}{'length':>7}{'best':>7}{'p50':>7}{'p99':>7}{'limit':>7}"
        f"{'check':>7}{'best':>7}{'ratio':>7}{'best':>7}"
    )
    for case in make_cases():
        assert isinstance(read(case.scan), _GOOD) == (case.check is not None), case.name
        show(case)
    show_loading()


def make_cases() -> list[Case]:
    own, certificate, rsa, card = make_pass(), make_dcc(), make_rsa_dcc(), make_card()
    forged = own.replace(own[150:153], "000", 1)  # Inside the signature.
    deep = passes.PREFIX + base45.encode(b"\x81" * 600)
    bomb = dcc.PREFIX + base45.encode(zlib.compress(bytes(2_900_000), 9))
    noise = dcc.PREFIX + "A" * (SCAN_SIZE_MAX - len(dcc.PREFIX))
    return [
        Case("own pass, Ed25519", own, PASS_US, pass_check(own)),
        Case("DCC, ES256", certificate, HEALTH_US, dcc_check(certificate, SIGNER)),
        Case("DCC, PS256", rsa, HEALTH_US, dcc_check(rsa, rsa_signer())),
        Case("SMART Health Card, ES256", card, HEALTH_US, card_check(card)),
        Case("plain id", "198701012010011001", PASS_US),
        Case("forged pass", forged, HOSTILE_US),
        Case("hostile: nested arrays", deep, HOSTILE_US),
        Case("hostile: inflates to 2.9 MB", bomb, HOSTILE_US),
        Case("hostile: a full code of noise", noise, HOSTILE_US),
    ]


def make_pass() -> str:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    content = Pass(
        issuer="gmsc",
        subject="198701012010011001",
        category="staff",
        issued_at=now,
        not_before=now,
        not_after=now + timedelta(days=30),
        pass_id=bytes(8),
    )
    return write_pass(content, PASS_KEY)


def make_rsa_dcc() -> str:
    message = sign_cose(claims(), {1: -37, 4: RSA_ID}, key=rsa_signer(), sign=sign_ps256)
    return wrap(b"\xd2" + message)


def pass_check(text: str) -> Callable[[], bool]:
    message = cose.decode(base45.decode(text.removeprefix(passes.PREFIX)) or b"")
    assert message is not None
    signature, signed, public = message.signature, message.signed_bytes, PASS_KEY.public_key()
    return lambda: is_signed(Scheme.ED25519, public, signature, signed)


def dcc_check(text: str, key: EllipticCurvePrivateKey | RSAPrivateKey) -> Callable[[], bool]:
    message = dcc.open_envelope(text)
    assert isinstance(message, cose.Sign1)
    scheme = Scheme.PS256 if isinstance(key, RSAPrivateKey) else Scheme.ES256
    signature, signed, public = message.signature, message.signed_bytes, key.public_key()
    return lambda: is_signed(scheme, public, signature, signed)


def card_check(text: str) -> Callable[[], bool]:
    message = jws.decode(shc.read_digits(text.removeprefix(shc.PREFIX)) or "")
    assert isinstance(message, jws.Jws)
    public = SIGNER.public_key()
    return lambda: is_signed(Scheme.ES256, public, message.signature, message.signed_bytes)


def read(scan: str) -> Credential:
    return read_scan(scan.encode(), TRUST, (), PSEUDONYMS)


def show(case: Case) -> None:
    check = case.check or (lambda: True)
    assert check()
    wholes, checks = [], []
    for _ in range(ROUNDS):
        wholes.append(timed_once(lambda: read(case.scan)))
        checks.append(timed_once(check))
    half, last = ROUNDS // 2, ROUNDS * 99 // 100
    whole, alone = sorted(wholes), sorted(checks)
    times = f"{whole[0]:7.0f}{whole[half]:7.0f}{whole[last]:7.0f}{case.limit_us:7}"
    beside = ""
    if case.check:  # Of the best ones: on a busy machine, what the work costs without the others.
        ratios = f"{whole[half] / alone[half]:7.2f}{whole[0] / alone[0]:7.2f}"
        beside = f"{alone[half]:7.0f}{alone[0]:7.0f}{ratios}"
    print(f"{case.name:30}{len(case.scan):7}{times}{beside}")


def show_loading() -> None:
    """Load a trust list of the EU's kind, in turn with only the library's reading of its DER."""
    der = make_certificate()
    entry = {"rawData": base64.b64encode(der).decode()}
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "list.json").write_text(json.dumps([entry] * CERTIFICATE_COUNT))
        calls: dict[str, Callable[[], object]] = {
            "ours": lambda: read_trust(Path(name)),
            "library": lambda: [load_der_x509_certificate(der) for _ in range(CERTIFICATE_COUNT)],
        }
        found = in_turns(calls, 5)
    ours, library = (found[who]["p50_us"] / 1000 for who in ("ours", "library"))
    print(f"\n{CERTIFICATE_COUNT} certificates: {ours:.0f} ms, {ours / library:.1f} x bare DER")


_GOOD = (SignedPass, HealthCertificate)

if __name__ == "__main__":
    main()
