"""Documents of the centre at a gate: in force whole, kept, recorded, answered, and nothing older."""

import asyncio
import errno
import functools
import os
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatewayd.core.events import Audit
from gatewayd.core.policy import Enforcement
from gatewayd.core.trust import IssuerKey, Purpose, issuer_document
from gatewayd.core.words import ClockQuality
from gatewayd.mqtt import topics
from gatewayd.ports import Message, StorageError
from tests.sim.loop import run
from tests.unit.centre_documents import (
    KEY,
    delta,
    document,
    holder,
    people,
    policy,
    policy_slot,
    roster,
    roster_slot,
    trust_slot,
)
from tests.unit.document_world import DocumentWorld, base_of
from tests.unit.doubles import InlineBlocking
from tests.unit.signing import AUDIENCE
from tests.unit.sync_world import SITE


def in_virtual_time(scenario):
    @functools.wraps(scenario)
    def test(tmp_path):
        run(scenario(tmp_path))

    del test.__wrapped__
    return test


def states(world):
    return [body for body in world.sync.broker.bodies("state") if body["state"] == "online"]


@in_virtual_time
async def test_a_policy_of_the_centre_is_in_force_at_once_and_said_so(tmp_path):
    """R28: a signed level takes force without any time passing, and is recorded."""
    world = DocumentWorld(tmp_path)
    async with world.sync.running():
        assert world.gate.policy.mode is Enforcement.ENFORCE
        answer = await world.send(policy("mojokerto", 12, mode="observe"), policy_slot("mojokerto"))
        assert answer["result"] == "done"
        assert answer["detail"] | {"hash": "", "issued_at": ""} == {
            "kind": "policy",
            "path": "mojokerto",
            "version": 12,
            "issued_at": "",
            "hash": "",
        }
        assert world.gate.policy.mode is Enforcement.OBSERVE
        assert "mojokerto@12" in world.gate.policy.versions
        assert states(world)[0]["documents"] == []
        assert [one["version"] for one in states(world)[-1]["documents"]] == [12]
    assert world.audits() == [("policy", "document_taken")]
    fact = world.sync.journal.events[0].draft.fact
    assert isinstance(fact, Audit)
    assert fact.detail["key"] == KEY.key_id.hex()


@in_virtual_time
async def test_a_document_of_the_site_lies_above_its_own_settings(tmp_path):
    world = DocumentWorld(tmp_path, base_of(mode="enforce"))
    async with world.sync.running():
        await world.send(policy("mojokerto", 1, mode="observe"), policy_slot("mojokerto"))
        assert world.gate.policy.mode is Enforcement.ENFORCE
        await world.send(policy(AUDIENCE, 1, mode="observe"), policy_slot())
        assert world.gate.policy.mode is Enforcement.OBSERVE


@in_virtual_time
async def test_what_comes_again_is_passed_over_in_silence(tmp_path):
    world = DocumentWorld(tmp_path)
    message = policy(version=3, mode="observe")
    async with world.sync.running():
        assert (await world.send(message, policy_slot()))["result"] == "done"
        assert await world.send(message, policy_slot()) is None
        signed_again = policy(version=3, mode="observe")
        assert await world.send(signed_again, policy_slot(), is_retained=False) is None
        assert await world.send(b"", policy_slot()) is None
    assert world.audits() == [("policy", "document_taken")]


@in_virtual_time
async def test_an_older_version_is_refused_and_recorded_once(tmp_path):
    world = DocumentWorld(tmp_path)
    old = policy(version=2, mode="enforce")
    async with world.sync.running():
        await world.send(policy(version=3, mode="observe"), policy_slot())
        for _ in range(3):
            assert (await world.send(old, policy_slot()))["result"] == "rollback"
        assert world.gate.policy.mode is Enforcement.OBSERVE
    assert world.audits() == [("policy", "document_taken"), ("policy", "document_refused")]


@in_virtual_time
async def test_a_policy_that_contradicts_is_refused_whole_with_every_mistake(tmp_path):
    world = DocumentWorld(tmp_path)
    async with world.sync.running():
        await world.send(policy(version=1, mode="observe"), policy_slot())
        wrong = policy(version=2, mode="enforce", unknown_holder="maybe", colour=5)
        answer = await world.send(wrong, policy_slot())
        assert answer["result"] == "content"
        assert f"policy {AUDIENCE}@2: unknown_holder: expected" in answer["text"]
        assert f"policy {AUDIENCE}@2: colour: expected one of" in answer["text"]
        assert world.gate.policy.mode is Enforcement.OBSERVE
        assert (await world.send(policy(version=2), policy_slot()))["result"] == "done"
        files = await world.send(policy(version=3, rule_sets=["../x.toml"]), policy_slot())
        assert "rule_sets: expected names out of" in files["text"]
        answers = dict.fromkeys(("yellow", "red", "black", "unknown"), "refer")
        shipped = policy(version=3, rule_sets=["pl-2022-07-17"], statuses=answers)
        answer = await world.send(shipped, policy_slot())
        assert answer["result"] == "done", answer["text"]


@in_virtual_time
async def test_people_of_a_roster_are_known_from_then_on(tmp_path):
    world = DocumentWorld(tmp_path)
    async with world.sync.running():
        answer = await world.send(roster(people(1, 2)), roster_slot())
        assert (answer["result"], answer["detail"]["people"]) == ("done", 2)
        [known] = world.gate.knowledge.rosters
        assert (known.name, set(known.entries)) == (f"{AUDIENCE}/staff", {holder(1), holder(2)})
        change = delta(1, people(1, 3), 2, set=people(3), remove=[holder(2)])
        assert (await world.send(change, roster_slot()))["result"] == "done"
        [known] = world.gate.knowledge.rosters
        assert set(known.entries) == {holder(1), holder(3)}
        lost = delta(7, people(1), 8)
        assert (await world.send(lost, roster_slot()))["result"] == "base"
        gone = document(roster_slot(), 9, entries=None)
        answer = await world.send(gone, roster_slot())
        assert (answer["result"], answer["detail"]["withdrawn"]) == ("done", True)
        assert world.gate.knowledge.rosters == ()
    assert world.audits() == [
        ("roster", "document_taken"),
        ("roster", "document_taken"),
        ("roster", "document_refused"),
        ("roster", "document_withdrawn"),
    ]


@in_virtual_time
async def test_a_trust_list_is_believed_as_far_as_it_can_be_read(tmp_path):
    world = DocumentWorld(tmp_path)
    issuer = IssuerKey("gmsc", Ed25519PrivateKey.generate().public_key(), frozenset({Purpose.PASS}))
    content = {"jwks": {"gmsc": issuer_document(issuer)}, "certificates": ["x"]}
    async with world.sync.running():
        answer = await world.send(document(trust_slot(), trust=content), trust_slot())
        assert answer["result"] == "done"
        assert "certificate 1: expected" in answer["text"]
        assert world.gate.knowledge.trust.find(issuer.key_id) == (issuer,)
        whole = document(trust_slot(), 2, trust=issuer_document(issuer))
        assert "text" not in await world.send(whole, trust_slot())


@in_virtual_time
async def test_what_nobody_signed_who_may_is_neither_answered_nor_recorded(tmp_path):
    world = DocumentWorld(tmp_path)
    stranger = document(policy_slot(), signer=Ed25519PrivateKey.generate(), policy={})
    async with world.sync.running():
        for message in (b"noise", stranger, b"{" * 300_000):
            assert await world.send(message, policy_slot()) is None
        odd = Message(topics.documents(SITE, "/")["roster"].replace("+", "Odd_Name"), roster({}))
        world.sync.broker.for_gateway.put_nowait(odd)
        await asyncio.sleep(1)
    assert world.audits() == []
    assert not (tmp_path / "received").exists()


@in_virtual_time
async def test_a_document_for_another_site_is_refused_at_ours(tmp_path):
    world = DocumentWorld(tmp_path)
    async with world.sync.running():
        for path in ("mojokerto/dukcapil/other", "mojokerto"):
            answer = await world.send(policy(path, mode="observe"), policy_slot())
            assert answer["result"] == "audience"
        assert world.gate.policy.mode is Enforcement.ENFORCE


@in_virtual_time
async def test_a_disk_that_refuses_keeps_the_rules_as_they_are(tmp_path):
    world = DocumentWorld(tmp_path)
    message = policy(version=1, mode="observe")

    def refuse(*_, **__):
        raise StorageError("the disk is full", tmp_path / "documents")

    keep, world.shelves.keep = world.shelves.keep, refuse
    async with world.sync.running():
        answer = await world.send(message, policy_slot())
        assert (answer["result"], answer["text"]) == ("storage", "the disk is full")
        assert world.gate.policy.mode is Enforcement.ENFORCE
        [fact] = [event.draft.fact for event in world.sync.journal.events]
        assert fact.detail["text"] == "the disk is full"  # The centre has no use for our paths.
        world.shelves.keep = keep
        assert (await world.send(message, policy_slot()))["result"] == "done"


class AnswersLate(InlineBlocking):
    """Does the call at once, as a thread that goes on also where nobody waits for it any more."""

    async def run(self, call):
        found = call()
        await super().run(lambda: None)
        return found


@in_virtual_time
async def test_a_document_whose_line_is_lost_while_it_is_stored_is_in_force_and_answered(tmp_path):
    world = DocumentWorld(tmp_path)
    slot, of_disk = policy_slot(), AnswersLate(delay_s=2.0)
    topic = topics.documents(SITE, slot.path)[slot.kind]
    async with world.sync.running():
        await asyncio.sleep(1)
        world.library.blocking = of_disk
        newer = Message(topic, policy(version=3, mode="observe"), is_retained=True)
        world.sync.broker.for_gateway.put_nowait(newer)
        await asyncio.sleep(3)
        assert world.shelves.folder.exists()
        assert world.gate.policy.mode is Enforcement.ENFORCE  # Stored, and not yet in force.
        world.sync.broker.lose()
        world.sync.append()  # Whoever sends notices it first.
        world.library.blocking = InlineBlocking()
        older = Message(topic, policy(version=2, mode="enforce"), is_retained=True)
        world.sync.broker.for_gateway.put_nowait(older)
        await asyncio.sleep(10)
        results = [reply["result"] for reply in world.sync.broker.bodies("reply")]
        assert results == ["done", "rollback"]
        assert world.gate.policy.mode is Enforcement.OBSERVE
        assert world.library.stock.received.floors[slot].version == 3
    assert ("policy", "document_taken") in world.audits()


@in_virtual_time
async def test_a_defect_in_a_change_reaches_whoever_asked_for_it(tmp_path):
    world = DocumentWorld(tmp_path)

    def fail(stock):
        raise ZeroDivisionError

    loop = asyncio.get_running_loop()
    changing = loop.create_task(world.library.run())
    with pytest.raises(ZeroDivisionError):
        await world.library.renew(fail, lambda _: None)
    await asyncio.sleep(0)
    assert isinstance(changing.exception(), ZeroDivisionError)  # And the supervisor.


@in_virtual_time
async def test_a_change_is_not_begun_where_nobody_waits_for_it(tmp_path):
    world = DocumentWorld(tmp_path)
    begun = []
    loop = asyncio.get_running_loop()
    asking = loop.create_task(world.library.renew(begun.append, lambda _: None))
    await asyncio.sleep(0)
    asking.cancel()
    changing = loop.create_task(world.library.run())
    await world.library.renew(lambda _: None, begun.append)
    assert begun == [None]
    changing.cancel()


@in_virtual_time
async def test_with_a_clock_that_is_not_set_documents_are_taken_by_their_versions(tmp_path):
    world = DocumentWorld(tmp_path)
    world.sync.clock.told = ClockQuality.UNSYNCED
    async with world.sync.running():
        await world.send(policy(version=2, mode="observe"), policy_slot())
        assert (await world.send(policy(version=1), policy_slot()))["result"] == "rollback"


@in_virtual_time
async def test_every_place_above_the_site_is_subscribed_to(tmp_path):
    world = DocumentWorld(tmp_path)
    async with world.sync.running():
        await asyncio.sleep(1)
        subscribed = set(world.sync.broker.subscribed)
    assert {"onegate/v1/policy", "onegate/v1/mojokerto/roster/+", f"{SITE.root}/dn/trust"} <= (
        subscribed
    )


# --- the next run ---


@in_virtual_time
async def test_after_a_restart_everything_is_as_it_was(tmp_path):
    world = DocumentWorld(tmp_path)
    message = policy(version=3, mode="observe")
    change = delta(1, people(2), 2, set=people(2), remove=[holder(1)])
    async with world.sync.running():
        await world.send(message, policy_slot())
        await world.send(roster(people(1)), roster_slot())
        await world.send(change, roster_slot())
    again = DocumentWorld(tmp_path)
    assert again.loaded.problems == ()
    assert again.gate.policy.mode is Enforcement.OBSERVE
    assert set(again.gate.knowledge.rosters[0].entries) == {holder(2)}
    async with again.sync.running():
        assert [one["version"] for one in states(again)[-1:]] == []
        for one, slot in ((message, policy_slot()), (change, roster_slot())):
            assert await again.send(one, slot) is None
        assert (await again.send(policy(version=2), policy_slot()))["result"] == "rollback"


def damaged(path, how):
    if how == "gone":
        path.unlink()
    elif how == "cut":
        path.write_bytes(path.read_bytes()[:-20])
    elif how == "other":
        path.write_bytes(policy(version=1, mode="enforce"))
    else:
        path.write_bytes(os.urandom(300))


@pytest.mark.parametrize("how", ["gone", "cut", "other", "noise"])
def test_a_damaged_document_gives_way_to_the_one_before_and_may_come_again(tmp_path, how):
    async def scenario():
        world = DocumentWorld(tmp_path)
        newest = policy(version=4, mode="enforce", unknown_holder="refuse")
        async with world.sync.running():
            await world.send(policy(version=3, mode="observe"), policy_slot())
            await world.send(newest, policy_slot())
        damaged(tmp_path / "received" / "policy.site.4.jws", how)
        again = DocumentWorld(tmp_path)
        assert again.gate.policy.mode is Enforcement.OBSERVE
        assert len(again.loaded.problems) == len(again.loaded.spoilt) == (how != "gone")
        async with again.sync.running():
            assert (await again.send(policy(version=3), policy_slot()))["result"] == "rollback"
            assert (await again.send(newest, policy_slot()))["result"] == "done"
        assert DocumentWorld(tmp_path).gate.policy.mode is Enforcement.ENFORCE

    run(scenario())


@in_virtual_time
async def test_a_damaged_change_leaves_the_roster_before_it_and_asks_for_the_whole(tmp_path):
    world = DocumentWorld(tmp_path)
    changes = [delta(v - 1, people(*range(v)), v, set=people(v - 1)) for v in (2, 3, 4)]
    async with world.sync.running():
        await world.send(roster(people(0)), roster_slot())
        for change in changes:
            assert (await world.send(change, roster_slot()))["result"] == "done"
    damaged(tmp_path / "received" / "roster.site.staff.3.change.jws", "noise")
    again = DocumentWorld(tmp_path)
    assert set(again.gate.knowledge.rosters[0].entries) == {holder(0), holder(1)}
    async with again.sync.running():
        assert (await again.send(changes[-1], roster_slot()))["result"] == "base"
        whole = roster(people(0, 1), 5)
        assert (await again.send(whole, roster_slot()))["result"] == "done"
    assert DocumentWorld(tmp_path).loaded.problems == ()


@in_virtual_time
async def test_a_key_that_was_taken_away_takes_its_documents_with_it_until_it_is_back(tmp_path):
    world = DocumentWorld(tmp_path)
    async with world.sync.running():
        await world.send(policy(version=3, mode="observe"), policy_slot())
    without = DocumentWorld(tmp_path, base_of([]))
    assert without.gate.policy.mode is Enforcement.ENFORCE
    assert "is not used any more (key)" in without.loaded.problems[0]
    assert without.loaded.spoilt == ()
    assert DocumentWorld(tmp_path).gate.policy.mode is Enforcement.OBSERVE
    other = base_of()
    office = replace(other.office, site="mojokerto/dukcapil/moved")
    moved = DocumentWorld(tmp_path, replace(other, office=office))
    assert "(audience)" in moved.loaded.problems[0]


@in_virtual_time
async def test_floors_that_are_lost_are_those_of_the_files(tmp_path):
    world = DocumentWorld(tmp_path)
    newest = policy(version=4, mode="observe")
    async with world.sync.running():
        await world.send(newest, policy_slot())
    (tmp_path / "received" / "floors.json").write_text("x")
    damaged(tmp_path / "received" / "policy.site.4.jws", "cut")
    again = DocumentWorld(tmp_path)
    assert "the highest versions are not known any more" in again.loaded.problems[0]
    async with again.sync.running():
        assert (await again.send(policy(version=3), policy_slot()))["result"] == "rollback"
        assert (await again.send(newest, policy_slot()))["result"] == "done"


def test_a_folder_that_cannot_be_read_costs_the_documents_and_not_the_start(tmp_path, monkeypatch):
    (tmp_path / "received").mkdir()
    (tmp_path / "received" / "policy.site.4.jws").mkdir()
    world = DocumentWorld(tmp_path)
    assert "policy.site.4.jws" in world.loaded.problems[0]

    def refuse(_):
        raise OSError(errno.EACCES, "no")

    monkeypatch.setattr("pathlib.Path.iterdir", refuse)
    assert "access is denied" in DocumentWorld(tmp_path).loaded.problems[0]
