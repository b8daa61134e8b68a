"""The centre lays down rules and lists for a running gate, by documents that `sign` made."""

import os
import signal

import pytest
from click.testing import CliRunner

from gatewayd.cli.sign import sign
from gatewayd.core import base64url, jws
from gatewayd.mqtt import topics
from gatewayd.mqtt.topics import SitePath
from tests.e2e.centre import Centre
from tests.e2e.daemon import Site, issue, until
from tests.e2e.mosquitto import Mosquitto

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(180)]

PATH = SitePath("mojokerto", "dukcapil", "gmsc")
REGION_KEY = '[privacy]\nkey_scope = "region"\nkey_file = "region.key"\n'
REFER, REFUSE = 'unknown_holder = "refer"\n', 'unknown_holder = "refuse"\n'


def signed(*words):
    made = CliRunner().invoke(sign, [str(word) for word in words])
    assert made.exit_code == 0, made.output
    return made.output.strip().encode()


class Office:
    """A centre with a key that gates believe."""

    def __init__(self, centre, folder):
        self._centre = centre
        self._folder = folder
        self.key = folder / "office.key.pem"
        kinds = [word for kind in topics.documents(PATH, "/") for word in ("--may-sign", kind)]
        signed("keygen", "--issuer", "office", "--out", folder, *kinds)

    def trust(self):
        (self._folder / "trust/office.jwks.json").write_bytes(
            (self._folder / "office.jwks.json").read_bytes()
        )

    def file(self, name, text):
        (self._folder / name).write_text(text)
        return self._folder / name

    def sign(self, kind, to, version, *more, key=None):
        who = ("--key", key or self.key, "--to", to, "--document-version", version)
        return signed(kind, *who, *more)

    def sign_policy(self, to, version, text, key=None):
        return self.sign("policy", to, version, self.file("policy.toml", text), key=key)

    def sign_roster(self, version, people, *more):
        rows = "".join(f"{one},staff\n" for one in people)
        named = ("--name", "staff", "--privacy-key-file", self._folder / "region.key", *more)
        source = self.file(f"staff-{version}.csv", f"id,category\n{rows}")
        return self.sign("roster", PATH, version, *named, source)

    def publish(self, kind, to, message, *, is_retained=True):
        topic = topics.documents(PATH, str(to))[kind].replace("+", "staff")
        self._centre.publish(topic, message, retain=is_retained)

    async def send(self, kind, to, message, *, is_retained=True):
        """Publish a document; return the answer to it."""
        claims = jws.read_json_object(base64url.decode(message.decode().split(".")[1]))
        before = len(self._answers(claims))
        self.publish(kind, to, message, is_retained=is_retained)
        await until(lambda: len(self._answers(claims)) > before)
        return self._answers(claims)[-1]

    def _answers(self, claims):
        told = self._centre.states("reply")
        return [one["result"] for one in told if one["id"] == claims["jti"]]

    def in_force(self):
        """Return (path, name, version) of what the gate says is in force."""
        told = self._centre.states("state")
        documents = told[-1]["documents"] if told and told[-1]["state"] == "online" else []
        return {(one["path"], one.get("name"), one["version"]) for one in documents}


async def test_a_centre_lays_down_rules_and_lists_that_hold_over_restarts(tmp_path):
    (tmp_path / "region.key").write_text(os.urandom(32).hex())
    (tmp_path / "region.key").chmod(0o600)
    with Mosquitto(tmp_path) as broker, Centre(broker.port) as centre:
        office = Office(centre, tmp_path)
        site = Site(tmp_path, broker=broker.port, settings=REGION_KEY)
        office.trust()
        office.publish("policy", "/", office.sign_policy("/", 1, REFER))  # Before it is there.
        async with site:
            await until(lambda: ("/", None, 1) in office.in_force())
            assert (await site.show("CARD-1"))[0] == "referred"

            ours = office.sign_policy(PATH, 4, REFUSE)
            assert await office.send("policy", PATH, ours) == "done"
            assert await site.show("CARD-2") == ("refused", "unknown_holder")

            first = office.sign_roster(1, ["CARD-NEW", "CARD-OLD"])
            assert await office.send("roster", PATH, first) == "done"
            await site.pass_through("CARD-NEW")
            change = ("--base", tmp_path / "staff-1.csv", "--base-version", 1)
            second = office.sign_roster(2, ["CARD-NEW"], *change)
            assert await office.send("roster", PATH, second) == "done"
            assert await site.show("CARD-OLD") == ("refused", "unknown_holder")
            assert await office.send("roster", PATH, first, is_retained=False) == "rollback"

            await hostile(office, site, tmp_path)

            before = {("/", None, 1), (str(PATH), None, 4), (str(PATH), "staff", 2)}
            await until(lambda: office.in_force() == before)
            site.kill()
            path = site.state / "received" / "policy.site.4.jws"
            path.write_bytes(path.read_bytes()[:-9])
            await site.start()
            told = [event["data"] for event in site.journal("audit.gateway")]
            started = [one["detail"] for one in told if one["action"] == "started"]
            assert started[-1]["documents_moved_aside"] == [path.name]
            await until(path.exists)  # It is retained: it came again.
            await until(lambda: office.in_force() == before)
            assert (await site.show("CARD-OLD"))[0] == "refused"
            await site.pass_through("CARD-NEW", "exit")

            await reloads(site)


async def hostile(office, site, folder):
    """Send what must change nothing."""
    signed("keygen", "--issuer", "other", "--out", folder, "--may-sign", "policy")
    unknown = office.sign_policy(PATH, 9, REFER, key=folder / "other.key.pem")
    deep = b'{"a":' * 20_000
    for junk in (b"noise", unknown, deep, os.urandom(300_000), unknown[:-30]):
        office.publish("policy", PATH, junk, is_retained=False)
    others = office.sign_policy("mojokerto/dukcapil/other", 9, REFER)
    assert await office.send("policy", PATH, others, is_retained=False) == "audience"
    wrong = office.sign_policy(PATH, 9, "mode = 5\n")
    assert await office.send("policy", PATH, wrong, is_retained=False) == "content"
    older = office.sign_policy(PATH, 3, REFER)
    assert await office.send("policy", PATH, older, is_retained=False) == "rollback"
    assert await site.show("CARD-3") == ("refused", "unknown_holder")


async def reloads(site):
    """Change files at the site, and have them read at work."""
    inside = site.inside()
    (site.folder / "trust/test.jwks.json").rename(site.folder / "pass-key")
    code, told, _ = await site.cli("reload")
    assert (code, told.partition(":")[0]) == (0, "in force")
    assert await site.show(issue("S-9")) == ("refused", "unknown_key")
    (site.folder / "pass-key").rename(site.folder / "trust/test.jwks.json")
    site.gateway.process.send_signal(signal.SIGHUP)
    await until(lambda: bool(site.log("reloaded", officer="signal")))
    assert (await site.show(issue("S-10")))[0] == "admitted"
    text = site.settings.read_text()
    site.settings.write_text(text.replace("[[lanes]]", "[policy]\ncolour = 1\n[[lanes]]"))
    code, _, error = await site.cli("reload")
    assert code == 1
    assert "[policy] colour: expected one of" in error
    assert "everything is as before" in error
    site.settings.write_text(text.replace("mqtt://127.0.0.1", "mqtt://localhost"))
    code, told, _ = await site.cli("reload")
    assert (code, told.splitlines()[0].partition(" (")[0]) == (0, "needs a restart: [broker]")
    assert site.inside() >= inside
