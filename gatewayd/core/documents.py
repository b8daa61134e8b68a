"""Signed documents of the centre: what holds for a place, and all below, until the next version.

The claims are `aud` (the place: `/`, a region, `region/organisation` or the path of the site),
`jti`, `iat`, `version` (rising for each kind, place and name), `format` where it is not 1, and
the content: `policy`, `trust`, or for a roster `name`, `hash` and `entries` or `base`, `set` and
`remove`. A content of null withdraws the document. Claims that nobody knows are left out.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from hashlib import sha256
from typing import Any

from gatewayd.core.json_faults import find_fault
from gatewayd.core.policy_layers import Level
from gatewayd.core.roster_documents import FullRoster, RosterDelta, read_roster
from gatewayd.core.signed import Refusal, Refused, Seal, Signed, read_signed, whole
from gatewayd.core.trust import NATIONAL, Purpose, Trust
from gatewayd.core.trust_documents import TrustDocument, parse_trust
from gatewayd.core.words import Json

FORMAT = 1
VERSION_MAX = 2**53  # What every reader of JSON can tell apart.
DEPTH_MAX = 24  # Rules nest in each other by hand; a JWK set has four levels.
SKEW_S_MAX = 300  # They are made at a desk, by a clock that may be some minutes off.
PROBLEMS_TOLD_MAX = 5  # In an answer; each is a sentence.

UNSENDABLE = frozenset(
    {
        Purpose.COMMAND,
        Purpose.RECEIPT,
        Purpose.CHECKIN,
        Purpose.STATUS,
        Purpose.POLICY,
        Purpose.ROSTER,
        Purpose.TRUST,
    }
)
"""Keys for messages from above come by the folder on the machine only: one that leaked must not be
able to bring its successors."""


class DocumentKind(StrEnum):
    """Each is signed by a key that may sign just this."""

    POLICY = "policy"
    ROSTER = "roster"
    TRUST = "trust"

    @property
    def type_name(self) -> str:
        return f"onegate-{self}+jws"

    @property
    def purpose(self) -> Purpose:
        return Purpose(self.value)

    @property
    def size_max(self) -> int:
        """Return the most bytes of the whole message."""
        return _SIZES_MAX[self]


_SIZES_MAX = {
    DocumentKind.POLICY: 256 << 10,  # A thousand rules.
    DocumentKind.TRUST: 1 << 20,  # A thousand certificates.
    DocumentKind.ROSTER: 48 << 20,  # 250,000 people, each with both dates and a region.
}


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """Where a document belongs: one of each is in force. name: of a roster."""

    kind: DocumentKind
    path: str
    name: str = ""

    @property
    def label(self) -> str:
        """Return how people find it: `mojokerto`, or `mojokerto/staff` for a roster."""
        return f"{self.path.rstrip('/')}/{self.name}" if self.name else self.path


@dataclass(frozen=True, slots=True)
class PolicyLayer:
    """The keys of a layer; not known yet to be good ones."""

    values: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Trusted:
    document: TrustDocument


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """From here on as if there had never been one."""


Content = PolicyLayer | FullRoster | RosterDelta | Trusted | Withdrawn


@dataclass(frozen=True, slots=True)
class Document:
    """Genuine, for us, and understood. digest: of what it says, the same for the same content."""

    slot: Slot
    version: int
    issued_at: datetime
    id: str
    key_id: bytes
    digest: str
    content: Content

    @property
    def label(self) -> str:
        return f"{self.slot.label}@{self.version}"


@dataclass(frozen=True, slots=True)
class Office:
    """Who reads documents. site: its path. trust: that of the folder on the machine.

    region_key_id: of the key of all pseudonyms, None where it is the site's own.
    """

    site: str
    zone: tzinfo
    trust: Trust
    region_key_id: str | None

    @property
    def levels(self) -> dict[str, Level]:
        return levels(self.site)


def levels(site: str) -> dict[str, Level]:
    """Return the places whose documents are for a site, from the widest on."""
    region, organisation, _ = site.split("/")
    return {
        NATIONAL: Level.NATIONAL,
        region: Level.REGION,
        f"{region}/{organisation}": Level.ORGANISATION,
        site: Level.SITE,
    }


def read_document(
    message: bytes, slot: Slot, office: Office, at: datetime | None
) -> Document | Refused:
    """Check and understand a document that arrived at the topic of a slot. Never raises.

    at: None where the time is not known, or no matter: the document was taken before.
    """
    kind = slot.kind
    signed = read_signed(
        message, Seal(kind.type_name, kind.purpose, slot.path, kind.size_max), office.trust
    )
    if isinstance(signed, Refused):
        return signed
    claims = signed.claims
    if claims.get("format", FORMAT) != FORMAT:
        return Refused(Refusal.UNSUPPORTED, signed.id, f"expected format {FORMAT}")
    version, issued_s = whole(claims.get("version"), VERSION_MAX), whole(claims.get("iat"), 2**33)
    if version is None or issued_s is None:
        return Refused(Refusal.CLAIMS, signed.id, "expected whole numbers as version and iat")
    issued_at = datetime.fromtimestamp(issued_s, UTC)
    late = _lateness(signed, issued_at, at)
    if late is not None:
        return Refused(late, signed.id)
    if claims.get("name", "") != slot.name:
        return Refused(Refusal.AUDIENCE, signed.id, "it stands at the topic of another name")
    content = _read_content(kind, claims, office)
    if isinstance(content, Refused):
        return Refused(content.why, signed.id, content.text)
    return Document(
        slot=slot,
        version=version,
        issued_at=issued_at,
        id=signed.id,
        key_id=signed.key.key_id,
        digest=_digest(kind, claims, content),
        content=content,
    )


def _lateness(signed: Signed, issued_at: datetime, at: datetime | None) -> Refusal | None:
    valid_until = signed.key.valid_until
    if valid_until is not None and max(issued_at, at or issued_at) >= valid_until:
        return Refusal.KEY
    is_early = at is not None and (issued_at - at).total_seconds() > SKEW_S_MAX
    return Refusal.EARLY if is_early else None


def _read_content(
    kind: DocumentKind, claims: Mapping[str, object], office: Office
) -> Content | Refused:
    match kind:
        case DocumentKind.ROSTER:
            if "entries" in claims and claims["entries"] is None:
                return Withdrawn()
            return read_roster(claims, office.zone, office.region_key_id)
        case DocumentKind.POLICY:
            return _read_plain(claims, kind, _read_layer)
        case DocumentKind.TRUST:
            return _read_plain(claims, kind, _read_trust)


def _read_plain(
    claims: Mapping[str, object],
    kind: DocumentKind,
    read: Callable[[Json], PolicyLayer | Trusted | Refused],
) -> Content | Refused:
    """Read the content of a claim that nests no deeper than it may, and is all text."""
    if kind not in claims:
        return Refused(Refusal.CLAIMS, None, f"expected a claim {kind}")
    content: Any = claims[kind]  # It is of JSON.
    if content is None:
        return Withdrawn()
    fault = find_fault(content, DEPTH_MAX)
    return read(content) if fault is None else Refused(Refusal.CONTENT, None, fault)


def _read_layer(values: Json) -> PolicyLayer | Refused:
    if not isinstance(values, dict):
        return Refused(Refusal.CONTENT, None, "policy: expected an object")
    told = {
        "level": "no level: it follows from aud",
        "version": "no version: it is the claim of that name",
        "layers": "no layers: each is a document of its own",
        "profile": "no profile: the site chooses it",
    }
    for key, expected in told.items():
        if key in values:
            return Refused(Refusal.CONTENT, None, f"policy: expected {expected}")
    return PolicyLayer(values)


def _read_trust(content: Json) -> Trusted | Refused:
    document = parse_trust(content)
    if any(key.may_sign & UNSENDABLE for key in document.keys):
        told = "keys for messages from above come by the trust folder of the machine only"
        return Refused(Refusal.CONTENT, None, f"trust: {told}")
    if not (document.keys or document.revocations or document.revoked_passes):
        return Refused(Refusal.CONTENT, None, told_problems(document.problems))
    return Trusted(document)


def told_problems(problems: tuple[str, ...]) -> str:
    """Put the first few of many sentences into one text."""
    rest = len(problems) - PROBLEMS_TOLD_MAX
    more = f"\nand {rest} more" if rest > 0 else ""
    return "\n".join(problems[:PROBLEMS_TOLD_MAX]) + more


def _digest(kind: DocumentKind, claims: Mapping[str, object], content: Content) -> str:
    if isinstance(content, FullRoster | RosterDelta):
        return content.digest
    said = None if isinstance(content, Withdrawn) else claims[kind]
    canonical = json.dumps(said, sort_keys=True, separators=(",", ":"))
    return sha256(canonical.encode()).hexdigest()
