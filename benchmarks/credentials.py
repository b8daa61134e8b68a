"""How long a scan takes to understand, beside the bare signature check in it.

Run: python benchmarks/credentials.py
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatewayd.core import base45, cose
from gatewayd.core.credential import SignedPass, UnknownId, read_scan
from gatewayd.core.passes import PREFIX, Pass, write_pass
from gatewayd.core.pseudonym import KEY_SIZE, Pseudonyms
from gatewayd.core.trust import IssuerKey, Purpose, collect

ROUNDS = 5_000
LIMIT_US = 200  # Issue 5: the median of our own passes.
KEY = Ed25519PrivateKey.generate()
TRUST = collect([IssuerKey("gmsc", KEY.public_key(), frozenset({Purpose.PASS}))])
PSEUDONYMS = Pseudonyms(bytes(KEY_SIZE))


def main() -> None:
    text = make_pass()
    scan = text.encode()
    forged = text.replace(text[150:153], "000", 1).encode()  # Inside the signature.
    bomb = (PREFIX + base45.encode(b"\x81" * 600)).encode()
    assert isinstance(read(scan), SignedPass)
    assert isinstance(read(b"1001"), UnknownId)
    message = cose.decode(base45.decode(text.removeprefix(PREFIX)) or b"")
    assert message is not None
    signed, public = message.signed_bytes, KEY.public_key()
    print(f"a pass of {len(text)} characters, {ROUNDS} rounds; limit of the median {LIMIT_US} us")
    show("Ed25519 check alone", lambda: public.verify(message.signature, signed))
    show("genuine pass", lambda: read(scan))
    show("forged pass", lambda: read(forged))
    show("hostile nesting", lambda: read(bomb))
    show("plain id", lambda: read(b"198701012010011001"))


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
    return write_pass(content, KEY)


def read(scan: bytes) -> object:
    return read_scan(scan, TRUST, (), PSEUDONYMS)


def show(name: str, call: Callable[[], object]) -> None:
    times = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        call()
        times.append((time.perf_counter() - begin) * 1e6)
    times.sort()
    print(f"{name:20} p50 {times[ROUNDS // 2]:6.0f} us   p99 {times[ROUNDS * 99 // 100]:6.0f} us")


if __name__ == "__main__":
    main()
