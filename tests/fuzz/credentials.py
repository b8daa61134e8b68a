"""Fuzz targets: the codes that people hold up, outside of a signature and inside one."""

import zlib
from dataclasses import replace
from datetime import timedelta
from functools import cache, partial
from random import Random
from typing import Any

import cbor2

from gatewayd.core import base45, base64url, cbor, cose, rotating, totp
from gatewayd.core.credential import (
    HealthCertificate,
    Inauthentic,
    RosterId,
    SignedPass,
    read_scan,
)
from gatewayd.core.dcc import read_certificate, read_claims
from gatewayd.core.dcc_content import read_content
from gatewayd.core.evidence import Certificate
from gatewayd.core.inflate import INFLATED_SIZE_MAX, RAW_DEFLATE, ZLIB, inflate
from gatewayd.core.lane_codes import check_stamped, find_flaw, read_code, stamp
from gatewayd.core.parts import gather_all
from gatewayd.core.passes import PREFIX, Pass, read_pass, write_pass
from gatewayd.core.reasons import Reason
from gatewayd.core.shc import read_card, read_digits
from gatewayd.core.tables import Expected
from gatewayd.core.words import Status
from tests.fuzz import keys
from tests.fuzz.cbor_trees import mutate_cbor
from tests.fuzz.json_trees import dumps, mutate_json
from tests.fuzz.lines import mutate_words
from tests.fuzz.nasty import mutate_bytes
from tests.fuzz.target import Given, Target
from tests.unit import health_codes

_DAY = timedelta(days=1)
_PASS = Pass(
    issuer="dukcapil",
    subject="S-1",
    category="staff",
    issued_at=keys.AT,
    not_before=keys.AT + _DAY,
    not_after=keys.AT + 30 * _DAY,
    pass_id=b"12345678",
    status=Status.GREEN,
    status_until=keys.AT + 7 * _DAY,
    purpose="permit",
    host="front office",
    entries=2,
)


def scan(data: bytes) -> Any:
    """Understand whatever was held up; looking twice tells the same."""
    understand = partial(
        read_scan, trust=keys.TRUST, rosters=(keys.ROSTER,), pseudonyms=keys.PSEUDONYMS
    )
    found = understand(data)
    assert understand(data) == found
    return found


# --- the layers ---


def _base45(data: bytes) -> None:
    text = data.decode("latin-1")
    found = base45.decode(text)
    if found is not None:
        assert base45.decode(base45.encode(found)) == found
        assert len(base45.encode(found)) == len(text)
    assert base45.decode(base45.encode(data)) == data


def _base64url(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    found = base64url.decode(text)
    assert found is None or base64url.encode(found) == text, "one text, one meaning"
    assert base64url.decode(base64url.encode(data)) == data


def _cbor(data: bytes) -> None:
    found = cbor.decode(data)
    for is_lenient in (False, True):
        first = cbor.decode_first(data, is_lenient=is_lenient)
        if first is not None:
            assert 0 < first.size <= len(data)
            assert _weight(first.item) <= 8 * first.size + 64, "more than was sent"
    if found is not None:
        assert repr(cbor.decode(cbor.encode(found))) == repr(found)


def _weight(item: object) -> int:
    """Count what an item holds, without recursion: depth is what attackers have."""
    weight, level = 0, [item]
    while level:
        inner: list[Any] = []
        for one in level:
            match one:
                case str() | bytes():
                    weight += len(one)
                case list() | tuple() | set() | frozenset():
                    inner += one
                    weight += 1
                case _ if hasattr(one, "items"):
                    for key, value in one.items():
                        inner += (key, value)
                    weight += 1
                case int():
                    weight += one.bit_length() // 8
                case _:
                    weight += 1
        level = inner
    return weight


_CBOR = (
    {1: "dukcapil", -65537: {1: "staff", 3: 1640000000}, 7: b"12345678"}, [1, [2, [3]], "x", None],
    {"v": [{"dn": 2.0, "dt": "2021-05-18"}]},
)  # fmt: skip


def _inflate(data: bytes) -> None:
    for form in (ZLIB, RAW_DEFLATE):
        found = inflate(data, form)
        if isinstance(found, bytes):
            assert len(found) <= INFLATED_SIZE_MAX, "a bomb"
            assert inflate(zlib.compress(found, wbits=form), form) == found


def _inflate_seeds() -> list[bytes]:
    bombs = [zlib.compress(bytes(size), 9) for size in (60_000, 70_000, 3_000_000)]
    return [*bombs, zlib.compress(b"a card"), health_codes.deflate(b"a card")]


def _cose(data: bytes) -> None:
    for is_lenient in (False, True):
        message = cose.decode(data, is_lenient=is_lenient)
        if message is not None:
            assert len(message.signed_bytes) <= 2 * len(data) + 64
            cose.find_scheme(message.find(cose.ALGORITHM))
            message.find(cose.KEY_ID)
            assert not cose.is_genuine(message, keys.ED.public_key(), cose.Scheme.ED25519) or (
                message.signature == keys.ED.sign(message.signed_bytes)
            )


def _cose_seeds() -> list[bytes]:
    signed = cose.sign(b"payload", b"12345678", keys.ED)
    other = health_codes.sign_cose({1: "ID"}, {1: -7, 4: b"k"}, {4: b"other"}, key=keys.EC)
    return [signed, b"\xd8\x3d" + signed, other, b"\xd2" + other]


# --- passes ---


def _scan(data: bytes) -> None:
    for one in gather_all(data.split(b"\x1d")):
        found = scan(one)
        if isinstance(found, SignedPass):
            found = replace(found, code=None)
        is_signed = isinstance(found, SignedPass | HealthCertificate)
        assert not is_signed or found in _signed_ones(), "forged"


@cache
def _signed_ones() -> list[Any]:
    """Return what was signed: outside of a signature much can change without a difference."""
    return [scan(one) for one in _GENUINE]


def _signed_pass(data: bytes) -> None:
    """Sign claims, any at all: what is read must be what an issuer could have written."""
    message = cose.sign(data, keys.OWN.key_id, keys.ED)
    text = PREFIX + base45.encode(message)
    found = scan(text.encode())
    if isinstance(found, SignedPass):
        content = read_pass(text, keys.TRUST)
        assert isinstance(content, Pass)
        again = read_pass(write_pass(content, keys.ED), keys.TRUST)
        assert again == content, "a pass that cannot be written again"


def _pass_claims() -> list[bytes]:
    text = write_pass(_PASS, keys.ED).removeprefix(PREFIX)
    message = cose.decode(base45.decode(text) or b"")
    assert message is not None
    bare = cbor2.loads(message.payload)
    return [message.payload, cbor2.dumps({**bare, -65537: {1: "visitor"}})]


# --- health certificates ---


def dcc_of(payload: bytes) -> bytes:
    head = {1: -7, 4: keys.DCC_KEY_ID}
    return health_codes.wrap(health_codes.sign_cose(payload, head, key=keys.EC)).encode()


def _signed_dcc(data: bytes) -> None:
    found = scan(dcc_of(data))
    assert not isinstance(found, Inauthentic) or found.reason is Reason.KEY_USAGE, found
    claims = read_claims(data)
    if not isinstance(claims, Reason):
        read_content(claims.certificate)


def _dcc_claims() -> list[bytes]:
    plain = health_codes.without_entries()
    entries = {"t": [health_codes.TESTED_ENTRY]}, {"r": [health_codes.RECOVERED_ENTRY]}, {"v": None}
    made = [health_codes.claims(), *(health_codes.claims({**plain, **one}) for one in entries)]
    return [cbor2.dumps(one) for one in made]


def _dcc_envelope(data: bytes) -> None:
    """Compress a message, any at all, and put it in base45: nobody signed it."""
    text = "HC1:" + base45.encode(zlib.compress(data))
    found = read_certificate(text, keys.TRUST)
    assert isinstance(found, Reason) or found in _certified(), "forged"


@cache
def _certified() -> list[Certificate | Reason]:
    """Return what was signed: outside of a signature much can change without a difference."""
    texts = ["HC1:" + base45.encode(zlib.compress(message)) for message in _DCC_MESSAGES]
    return [read_certificate(text, keys.TRUST) for text in texts]


_DCC_HEAD = {1: -7, 4: keys.DCC_KEY_ID}
_DCC_MESSAGES = tuple(
    health_codes.sign_cose(payload, _DCC_HEAD, key=keys.EC) for payload in _dcc_claims()
)


def jws_card(payload: bytes) -> str:
    head = {"zip": "DEF", "alg": "ES256", "kid": keys.CARD_KEY_ID}
    return health_codes.sign_jws(head, payload, keys.EC)


def _signed_card(data: bytes) -> None:
    text = jws_card(health_codes.deflate(data))
    found = read_card(text, keys.TRUST)
    if data[-1:] == b" ":  # Now and then: it costs more than all the rest.
        digits = health_codes.to_digits(text)
        assert read_digits(digits) == text
        assert found == read_card(f"shc:/{digits}", keys.TRUST)
    read_scan(text.encode(), keys.TRUST, (keys.ROSTER,), keys.PSEUDONYMS)


def _card_claims() -> list[bytes]:
    test = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"code": "94558-4"}]},
        "valueCodeableConcept": {"coding": [{"code": "260415000"}]},
        "effectiveDateTime": "2021-11-28T08:00:00+07:00",
    }
    entries = health_codes.BUNDLE["entry"]
    tested = {**health_codes.BUNDLE, "entry": [entries[0], {"resource": test}]}
    claims = health_codes.card_claims()
    revoked = {**claims, "exp": 1e9 * 2, "vc": {**claims["vc"], "rid": "gone"}}
    made = [*map(dumps, (claims, health_codes.card_claims(tested), revoked))]
    return [*made, made[0] + b" "]


def _card_header(data: bytes) -> None:
    """Sign a header, any at all."""
    payload = health_codes.deflate(b"{}")
    text = health_codes.sign_jws(data, payload, keys.EC)
    assert isinstance(read_card(text, keys.TRUST), Reason)


# --- codes that change, and those of lanes ---


def _otp_key(data: bytes) -> None:
    key = totp.read_key(data.decode("utf-8", "surrogateescape"))
    if not isinstance(key, Expected):
        assert totp.read_key(totp.write_key(key)) == key
        assert totp.find_step(key, totp.code_of(key, totp.step_at(keys.AT)), keys.AT) is not None


def _rotating(data: bytes) -> None:
    text = rotating.PREFIX + data.decode("latin-1")
    taken = rotating.take_apart(text)
    found = scan(text.encode("latin-1"))
    if taken is not None:
        assert rotating.take_apart(rotating.write_text(*taken)) == taken
    if isinstance(found, RosterId) and found.code is not None:
        use = rotating.CodeUse(None, 0)
        rotating.judge(totp.OtpKey(bytes(20)), found.code, use, keys.AT)


_LANE_KEY = bytes(range(32))


def _lane_code(data: bytes) -> None:
    """Read what a telephone saw; `surrogatepass`: JSON has half characters too."""
    text = data.decode("utf-8", "surrogatepass" if b"\xed" in data else "replace")
    read_code(text, keys.SITE)
    find_flaw(text, _LANE_KEY, keys.AT)
    check_stamped(text, keys.SITE, _LANE_KEY, keys.AT)


def _lane_code_safely(data: bytes) -> None:
    try:
        data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        data = data.decode("latin-1").encode()
    _lane_code(data)


def _lane_seeds() -> list[bytes]:
    poster = f"onegate:{keys.SITE}/lane-1/entry/permit"
    shown = stamp(poster, _LANE_KEY, keys.AT)
    return [poster.encode(), shown.encode(), f"https://x.id/{shown}".encode()]


def _stamp_again(data: bytes, random: Random) -> bytes:
    """Change what stands before the stamp, and stamp it again."""
    changed = mutate_bytes(data.partition(b"?")[0], random)
    if random.random() < 0.3:
        changed = random.choice((b"\xed\xa0\x80", b"\xc3\xa9", b"?", b"//")) + data
    try:
        text = changed.decode()
    except UnicodeDecodeError:
        return changed
    return stamp(text, _LANE_KEY, keys.AT + timedelta(seconds=random.randrange(-200, 200))).encode()


_GENUINE = frozenset(
    {
        write_pass(_PASS, keys.ED).encode(),
        b"HC1:" + dcc_of(_dcc_claims()[0])[4:],
        f"shc:/{health_codes.to_digits(jws_card(health_codes.deflate(_card_claims()[0])))}".encode(),
    }
)
_PLAIN = (
    b"S-1",
    b"B-1",
    b"shc:/1/2/56\x1dshc:/2/2/76",
    b"OGT1:S-1:123456",
    b"eyJhbGciOiJFUzI1NiJ9..",
)


def _scan_seeds() -> list[bytes]:
    return [*sorted(_GENUINE), *_PLAIN]


def _given_form(data: bytes) -> None:
    """Begin with each prefix in turn."""
    given = Given(data)
    prefixes = (b"OG1:", b"HC1:", b"shc:/", b"eyJ", b"OGT1:", b"shc:/1/2/", b"")
    _scan(prefixes[given.byte() % len(prefixes)] + given.rest())


TARGETS = (
    Target("base45", "base45", _base45, lambda: [b"QED8WEX0", b"BB8", b"%69 VD92EX0", b":::"]),
    Target("base64url", "base64url", _base64url, lambda: [b"AQIDBA", b"_-8", b"AQ==", b"\xff"]),
    Target("cbor", "CBOR of strangers", _cbor, lambda: [*map(cbor2.dumps, _CBOR)], mutate_cbor),
    Target("inflate", "what was compressed", _inflate, _inflate_seeds),
    Target("cose", "COSE messages", _cose, _cose_seeds, mutate_cbor),
    Target("scan", "any scan, with the prefixes of all codes", _given_form,
           lambda: [one + b"\6" for one in _scan_seeds()], size_max=8000),
    Target("pass", "the claims of a pass, signed", _signed_pass, _pass_claims, mutate_cbor),
    Target("dcc", "the token of an EU DCC, signed", _signed_dcc, _dcc_claims, mutate_cbor),
    Target("dcc-envelope", "what an EU DCC is wrapped in", _dcc_envelope, lambda: _DCC_MESSAGES,
           mutate_cbor),
    Target("card", "the claims of a SMART Health Card, signed", _signed_card, _card_claims,
           mutate_json, size_max=6000),
    Target("card-header", "the header of a SMART Health Card", _card_header,
           lambda: [dumps({"zip": "DEF", "alg": "ES256", "kid": keys.CARD_KEY_ID})], mutate_json),
    Target("otp-key", "secrets of codes that change", _otp_key,
           lambda: [b"JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP", b"sha256:" + b"A" * 56]),
    Target("rotating", "codes that change", _rotating, lambda: [b"S-1:123456", b"V-1:12345678"],
           mutate_words((b":", b"1", b"S-1", b"OG1:", b"123456"))),
    Target("lane-code", "codes of lanes, from telephones", _lane_code_safely, _lane_seeds,
           _stamp_again),
)  # fmt: skip
