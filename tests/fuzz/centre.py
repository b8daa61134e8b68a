"""Fuzz targets: what comes down from the centre over MQTT, and trust files."""

import asyncio
import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from config.problems import Where
from gatewayd.app.policy_files import PolicyFiles, _Source
from gatewayd.core import fleet
from gatewayd.core.centre_commands import read_command
from gatewayd.core.centre_receipts import read_receipt
from gatewayd.core.centre_statuses import CentreStatus, read_claims, read_row
from gatewayd.core.check_ins import Arrival, Reception, read_check_in
from gatewayd.core.decide import Usage, decide
from gatewayd.core.documents import (
    Document,
    DocumentKind,
    Office,
    Slot,
    read_document,
)
from gatewayd.core.jws import read_json_object
from gatewayd.core.occupancy import Occupancy
from gatewayd.core.orders import Judge, Now, Order, OrderKind
from gatewayd.core.policy import Policy
from gatewayd.core.policy_layers import Layer, Level
from gatewayd.core.received import Received, policy_layers, rosters, trusted
from gatewayd.core.signed import Refused
from gatewayd.core.tables import Expected
from gatewayd.core.trust import issuer_document
from gatewayd.core.trust_documents import combine, parse_document
from gatewayd.core.words import Direction, Status
from gatewayd.mqtt import topics
from tests.fuzz import keys
from tests.fuzz.credentials import scan
from tests.fuzz.json_trees import dumps, mutate_json
from tests.fuzz.lines import mutate_words
from tests.fuzz.target import Target
from tests.sim.loop import run
from tests.unit import centre_documents, health_codes
from tests.unit.doubles import SimTurnstile, Site
from tests.unit.signing import claims_at

_ZONE = ZoneInfo("Asia/Jakarta")
_OFFICE = Office(keys.SITE, _ZONE, keys.TRUST, keys.PSEUDONYMS.key_id)
_JUDGE = Judge(keys.SITE, keys.TRUST)
_NOW = Now(keys.AT, {}, ("nonce",))
_HOLDER = f"{keys.PSEUDONYMS.key_id}.{1:032x}"
_POLICY = Policy(zone=_ZONE)
_RECEPTION = Reception(keys.SITE, _POLICY, (keys.ROSTER,), keys.PSEUDONYMS, keys.AT)


# --- orders ---


def _order(data: bytes) -> None:
    """Read a message that nobody signed, as each kind."""
    for kind in OrderKind:
        found = _JUDGE.read(data, kind, _NOW, is_retained=False)
        assert isinstance(found, Refused) or data in _ORDERS, "forged"


def _order_claims(kind: OrderKind, use: Callable[[Order], Any]) -> Callable[[bytes], None]:
    def check(data: bytes) -> None:
        message = keys.jws_of(data, typ=kind.type_name)
        found = _JUDGE.read(message, kind, _NOW, is_retained=False)
        unsynced = _JUDGE.read(message, kind, replace(_NOW, at=None), is_retained=False)
        for one in (found, unsynced):
            if isinstance(one, Order):
                use(one)
            elif one.id is not None:
                one.id.encode("ascii")

    return check


def _use_status(order: Order) -> None:
    found = read_claims(order.claims, keys.PSEUDONYMS.key_id, keys.AT, timedelta(days=30))
    if isinstance(found, Expected):
        found.what.encode()
        return
    _, told = found
    json.dumps(told.row()).encode()
    assert read_row(told.row(), keys.AT) in {told, None} or isinstance(told, CentreStatus)


def _use_check_in(order: Order) -> None:
    found = read_check_in(order.id, order.claims, _RECEPTION)
    match found:
        case Expected(what):
            what.encode()
        case Arrival(credential=credential):
            assert credential.order == order.id
        case _:
            pass


def _use_receipt(order: Order) -> None:
    read_receipt(order.claims, "0000017d69e0a000", 1000)


def _use_command(order: Order) -> None:
    request = read_command(order.claims)
    if request is not None:
        carry_out(request, f"centre:{order.key_id.hex()[:8]}")


def carry_out(request: dict[str, Any], caller: str) -> None:
    """Have a running site carry a request out: it answers, and goes on running."""

    async def main() -> None:
        site = Site([SimTurnstile()])
        async with site.running():
            async with asyncio.timeout(60):
                answer = await site.commands().answer(request, caller)
            json.dumps(answer).encode()
            assert answer["ok"] is True or str(answer["text"])
            before = site.journal.head()
            again = await site.commands().answer({"do": "lane", "order": "free"}, "uid:0")
            await asyncio.sleep(1)
            assert again["ok"], "the site stopped working"
            assert site.journal.head() > before, "nothing is recorded any more"
            for body, _ in site.journal._rows:
                assert read_json_object(body) is not None, "nobody can read the record"

    run(main())


def _claims(**own: Any) -> bytes:
    return dumps({**claims_at(keys.AT), **own})


def _order_seeds(kind: OrderKind) -> Callable[[], list[bytes]]:
    code = f"onegate:{keys.SITE}/lane-1/entry"
    until = int(keys.AT.timestamp()) + 86_400
    examples: dict[OrderKind, list[dict[str, Any]]] = {
        OrderKind.RECEIPT: [
            {"epoch": "0000017d69e0a000", "upto": 7},
            {"epoch": "0000017d69e0a000", "from": 2, "to": 5},
        ],
        OrderKind.STATUS: [
            {"holder": _HOLDER, "status": "green", "status_until": until, "category": "visitor"}
        ],
        OrderKind.CHECKIN: [
            {"code": code, "direction": "entry", "category": "visitor", "holder": _HOLDER},
            {"code": f"{code}?54601234.0123456789abcdef", "direction": "entry", "category": "x",
             "status": "green", "status_until": until, "purpose": "permit", "origin": "malang"},
        ],
        OrderKind.COMMAND: [
            {"do": "open", "lane": "lane-1", "reason": "a guest", "category": "visitor",
             "healthy": True, "protocol": True},
            {"do": "lock", "lane": "lane-1", "reason": "late"}, {"do": "free"},
            {"do": "forgive", "holder": _HOLDER, "reason": "left"}, {"do": "diagnostics"},
            {"do": "officer", "sign": "in", "officer": "dewi"}, {"do": "reload"},
        ],
    }  # fmt: skip
    return lambda: [_claims(**one) for one in examples[kind]]


_ORDERS = frozenset(
    keys.jws_of(claims, typ=kind.type_name) for kind in OrderKind for claims in _order_seeds(kind)()
)


# --- documents ---


def _document(kind: DocumentKind, path: str, name: str = "") -> Callable[[bytes], None]:
    slot = Slot(kind, path, name)

    def check(data: bytes) -> None:
        message = keys.jws_of(data, typ=kind.type_name)
        for at in (keys.AT, None):
            found = read_document(message, slot, _OFFICE, at)
            if isinstance(found, Document):
                _put_in_force(found)
            elif found.text is not None:
                found.text.encode()

    return check


_OWN = Layer("settings", Level.SITE, {})
_FILES = PolicyFiles(
    _ZONE,
    exits_have_readers=True,
    layers=(_OWN,),
    sources={_OWN.label: _Source(Where("gatewayd.toml"), ("policy",))},
)


def _put_in_force(document: Document) -> None:
    received = Received().take(document)
    if isinstance(received, Refused):
        assert received.id == document.id
        return
    assert received.take(document) is received, "the same again is nothing new"
    policy, problems = _lay(received)
    if not problems:
        for listed in (*rosters(received, _OFFICE), keys.ROSTER):
            assert len(listed.entries) <= 250_000
        combine([*trusted(received)])
        _decide(policy)


def _lay(received: Received) -> tuple[Policy, list[str]]:
    laid = policy_layers(received, keys.SITE, _ZONE)
    policy, problems = _FILES.lay(laid)
    return policy, [str(one) for one in problems]


def _decide(policy: Policy) -> None:
    """Hold some people up to a policy that was found good: it must be able to answer."""
    for held in (b"S-1", b"nobody", b"\0"):
        credential = scan(held)
        for at in (keys.AT, keys.AT + timedelta(hours=11)):
            for direction in Direction:
                used, in_force = Usage(direction), policy.at(at)
                decide(credential, Status.RED, used, Occupancy(), in_force, at)


def _policy_seeds() -> list[bytes]:
    layers = (
        {"legal_basis": "Perbup 1", "capacity": {"total": 50, "by_category": {"visitor": 40}}},
        {"valid_from": "2021-11-01", "valid_until": "2021-12-31", "opening_hours": {"monday": "08:00-16:00"}},
        {"statuses": {"red": "refuse", "yellow": "refer"}, "rule_sets": ["pl-2021-09-07", "pl-2021-11-01"]},
        {"region_test": {"regions": ["malang"], "hours": 24}, "purposes": ["permit"]},
        {"categories": ["staff", "visitor"], "attestation": {"required": ["reason"]}},
    )  # fmt: skip
    return [_document_claims("/", policy=layer) for layer in layers]


def _document_claims(path: str, **own: Any) -> bytes:
    at_s = int(keys.AT.timestamp())
    return dumps({"aud": path, "jti": "d-1", "iat": at_s, "version": 1, **own})


def _roster_seeds() -> list[bytes]:
    people = centre_documents.people(1, 2, valid_until="2027-12-31")
    whole = {"hash": centre_documents.roster_hash(people), "entries": people}
    gone = {"hash": "0" * 64, "base": 1, "set": people, "remove": [centre_documents.holder(3)]}
    return [
        _document_claims("mojokerto", name="staff", **own)
        for own in (whole, gone, {"entries": None})
    ]


def _trust_seeds() -> list[bytes]:
    return [_document_claims("mojokerto", trust=one) for one in _trust_examples()]


def _trust_examples() -> list[Any]:
    der = health_codes.make_certificate()
    own = issuer_document(replace(keys.OWN, may_sign=frozenset({keys.Purpose.PASS})))
    lists = [
        {"kid": keys.CARD_KEY_ID, "method": "rid", "ctr": 1, "rids": ["abc", "def.1637000000"]}
    ]
    jwks = {"keys": [health_codes.jwk(keys.EC)]}
    raw = b64encode(der).decode()
    return [
        own,
        {"issuer": keys.CARD_ISSUER, **jwks, "revocations": lists},
        {"issuer": "dukcapil", "revoked_passes": ["0102", "ffff"]},
        [{"kid": b64encode(health_codes.certificate_id(der)).decode(), "rawData": raw}],
        {"certificates": [raw], "jwks": {keys.CARD_ISSUER: jwks}, "revocations": {}},
    ]


def _trust_file(data: bytes) -> None:
    found = parse_document(data)
    for problem in found.problems:
        problem.encode()
    combine([found])
    assert found.problems or found.keys or found.revocations or found.revoked_passes


def _trust_file_seeds() -> list[bytes]:
    der = health_codes.make_certificate()
    pem = x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)
    return [*map(dumps, _trust_examples()), der, pem, pem + pem]


# --- topics and the fleet ---


_SITE = topics.SitePath(*keys.SITE.split("/"))
_FILTERS = tuple(one for path in _OFFICE.levels for one in topics.documents(_SITE, path).values())


def _topic(data: bytes) -> None:
    topic = data.decode("utf-8", "replace")
    for one in _FILTERS:
        if topics.is_under(one, topic):
            assert topic.count("/") == one.count("/")
            assert topic.startswith(topics.VERSION_ROOT)


def _fleet(data: bytes) -> None:
    """Take an input as retained messages, a line each: topic, blank, payload."""
    heard = {}
    for line in data.split(b"\n")[:20]:
        topic, _, payload = line.partition(b" ")
        heard[topic.decode("utf-8", "replace")] = payload
    found = fleet.compare(heard)
    for row in found.rows:
        for mark in row.marks:
            assert len(mark) < 100_000
    assert found.has_skew in {True, False}


def _fleet_seeds() -> list[bytes]:
    state = {
        "state": "online", "version": "0.1.0", "mode": "enforce", "time": "2021-11-29T01:00:00Z",
        "policy": ["v1"], "clockquality": "synced", "queue_depth": 3,
        "documents": [{"kind": "policy", "path": "mojokerto", "version": 3}],
    }  # fmt: skip
    told = {**state, "version": "0.2.0", "documents": []}
    lines = [
        f"onegate/v1/{keys.SITE}/up/state ".encode() + dumps(state),
        b"onegate/v1/mojokerto/dukcapil/other/up/state " + dumps(told),
        b"onegate/v1/mojokerto/dukcapil/other/up/occupancy " + dumps({"as_of": {"time": "x"}}),
        b"onegate/v1/mojokerto/dukcapil/off/up/state "
        + dumps({"state": "offline", "reason": "lost"}),
    ]
    return [b"\n".join(lines), lines[0]]


def _mutate_fleet(data: bytes, random: Any) -> bytes:
    lines = data.split(b"\n")
    at = random.randrange(len(lines))
    topic, blank, payload = lines[at].partition(b" ")
    lines[at] = topic + blank + mutate_json(payload, random).replace(b"\n", b"")
    if random.random() < 0.1:
        lines.append(random.choice(lines).replace(b"other", b"third"))
    return b"\n".join(lines)


TARGETS = (
    Target("order", "orders that nobody signed", _order, lambda: [*sorted(_ORDERS)][:6]),
    *(
        Target(f"order-{kind}", f"the claims of a {kind}, signed", _order_claims(kind, use),
               _order_seeds(kind), mutate_json, is_slow=kind is OrderKind.COMMAND)
        for kind, use in (
            (OrderKind.RECEIPT, _use_receipt), (OrderKind.STATUS, _use_status),
            (OrderKind.CHECKIN, _use_check_in), (OrderKind.COMMAND, _use_command),
        )
    ),
    Target("document-policy", "the claims of a policy, signed", _document(DocumentKind.POLICY, "/"),
           _policy_seeds, mutate_json),
    Target("document-roster", "the claims of a roster, signed",
           _document(DocumentKind.ROSTER, "mojokerto", "staff"), _roster_seeds, mutate_json),
    Target("document-trust", "the claims of a trust list, signed",
           _document(DocumentKind.TRUST, "mojokerto"), _trust_seeds, mutate_json),
    Target("trust-file", "trust files: keys, certificates, revocations", _trust_file,
           _trust_file_seeds, mutate_json),
    Target("topic", "topics of documents", _topic, lambda: [*(one.encode() for one in _FILTERS)],
           mutate_words((b"/", b"+", b"#", b"dn", b"policy", b"roster"))),
    Target("fleet", "what other gates tell", _fleet, _fleet_seeds, _mutate_fleet),
)  # fmt: skip
