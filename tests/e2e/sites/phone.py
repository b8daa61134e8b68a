"""The sites' own flow of 2021: a phone scans the poster, and the centre checks its owner in.

The phone and the centre are of the test, after the page for integrators; the gate is the daemon, and
the poster is printed by it.
"""

import base64
import json
import re
import secrets
import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatewayd.core.pseudonym import Namespace, Pseudonyms
from gatewayd.core.trust import IssuerKey, Purpose, issuer_document
from tests.e2e.centre import Centre
from tests.e2e.daemon import SITE, Site, until

REGION_KEY = bytes(range(32))  # A test key.
SIGNER = Ed25519PrivateKey.generate()
KEY = IssuerKey("centre", SIGNER.public_key(), frozenset({Purpose.CHECKIN}))
PRIVACY = '[privacy]\nkey_scope = "region"\nkey_file = "region.key"\n'
CHECK_IN = f"onegate/v1/{SITE}/dn/checkin"


class Phones:
    """A centre that knows its people, and their phones. Made before the site starts."""

    def __init__(self, site: Site, centre: Centre) -> None:
        self._site, self._centre = site, centre
        key = site.folder / "region.key"
        key.write_text(REGION_KEY.hex())
        key.chmod(0o600)
        document = json.dumps(issuer_document(KEY))
        (site.folder / "trust/centre.jwks.json").write_text(document)

    async def posters(self, *options: str) -> list[str]:
        """Print the posters; return what a phone reads from each."""
        paper = self._site.folder / "posters.pdf"
        code, out, error = await self._site.cli("poster", "--pdf", str(paper), *options)
        assert code == 0, out + error
        drawn = re.findall(rb"<([0-9a-f]+)> Tj", paper.read_bytes())
        lines = [bytes.fromhex(one.decode()).decode("latin-1") for one in drawn]
        return [line for line in lines if line.startswith("onegate:")]

    def message(self, code: str, person: str, *, site: str = SITE, **claims: object) -> bytes:
        """Return what the centre signs for somebody whose phone has just read a code."""
        now = time.time()
        body = {
            "aud": site,
            "jti": secrets.token_hex(8),
            "iat": int(now),
            "exp": int(now) + 30,
            "ctr": int(now * 1000),
            "code": code,
            "direction": code.split("/")[4],
            "category": "visitor",
            "holder": Pseudonyms(REGION_KEY).of(Namespace.PERSON, person),
            **claims,
        }
        header = {"alg": "Ed25519", "typ": "onegate-checkin+jws", "kid": KEY.key_id.hex()}
        parts = [base64.urlsafe_b64encode(json.dumps(one).encode()) for one in (header, body)]
        text = b".".join(part.rstrip(b"=") for part in parts)
        return text + b"." + base64.urlsafe_b64encode(SIGNER.sign(text)).rstrip(b"=")

    async def send(self, message: bytes) -> tuple[str, str | None]:
        """Publish a message; return the result and the reason that the gate answers with."""
        before = len(self._centre.states("reply"))
        self._centre.publish(CHECK_IN, message)
        await until(lambda: len(self._centre.states("reply")) > before)
        reply = self._centre.states("reply")[before]
        return reply["result"], reply.get("detail", {}).get("reason")

    async def walk(self, message: bytes) -> None:
        """Have somebody checked in or out, and go through."""
        count = len(self._site.log("passage", outcome="completed"))
        result = await self.send(message)
        assert result[0] == "admitted", result
        await until(lambda: len(self._site.log("passage", outcome="completed")) > count)

    async def connected(self) -> None:
        await until(lambda: self._site.status()["broker"]["connected"])
