"""Reading the files of a site anew while it works: all of what can change, or nothing."""

import asyncio
import functools
import json

import pytest

from gatewayd.app.centre_documents import stock_of
from gatewayd.app.reload import reading_of
from gatewayd.app.site import policy_here, read_delivered, read_rules
from gatewayd.core.policy import Enforcement
from gatewayd.core.pseudonym import KEY_SIZE
from gatewayd.core.received import Floor, Received
from gatewayd.core.trust import issuer_document
from gatewayd.runtime.gate import Gate
from gatewayd.runtime.library import Library
from gatewayd.runtime.reloading import Reloading
from gatewayd.runtime.requests import RequestError
from gatewayd.store.received import Shelves
from tests.sim.loop import run
from tests.unit.centre_documents import KEY, policy, policy_slot
from tests.unit.doubles import InlineBlocking, SimCache, SimChance, SimClock
from tests.unit.signing import AUDIENCE
from tests.unit.test_policy_files import SETTINGS

ROSTERS = '[[rosters]]\nname = "cards"\nfile = "cards.csv"\n'


class Running:
    """A gateway that was started in a folder."""

    def __init__(self, folder):
        self.folder = folder
        self.path = folder / "gate.toml"
        rules = read_rules(self.path)
        delivered = read_delivered(rules, makes_key=True)
        self.gate = Gate(delivered.knowledge, SimCache(), SimClock(), SimChance())
        stock = stock_of(delivered.base, delivered.loaded.received)
        self.library = Library(self.gate, InlineBlocking(), stock)
        self.recorded = []
        self.asked = asyncio.Event()
        self.reloading = Reloading(self.library, self, reading_of(rules, delivered), self.asked)

    def keep(self, fact):
        self.recorded.append(fact)

    def write(self, policy="", more=""):
        text = SETTINGS.replace("[policy]\n", f'[storage]\ndirectory = "s"\n[policy]\n{policy}\n')
        self.path.write_text(text + more)

    async def reload(self):
        changing = asyncio.get_running_loop().create_task(self.library.run())
        try:
            return await self.reloading.answer({}, "uid 0")
        finally:
            changing.cancel()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr("config.load.available_timezones", lambda: {"Asia/Jakarta"})
    (tmp_path / "lane-1.psk").write_text(bytes(KEY_SIZE).hex())
    (tmp_path / "lane-1.psk").chmod(0o600)
    (tmp_path / "trust").mkdir()
    (tmp_path / "cards.csv").write_text("id,category\nA,staff\n")
    Running.write(type("At", (), {"path": tmp_path / "gate.toml"})(), more=ROSTERS)
    return tmp_path


def in_virtual_time(scenario):
    @functools.wraps(scenario)
    def test(folder):
        run(scenario(folder))

    del test.__wrapped__
    return test


@in_virtual_time
async def test_policy_rosters_and_keys_are_those_of_now(folder):
    site = Running(folder)
    assert (site.gate.policy.mode, len(site.gate.knowledge.trust.keys)) == (Enforcement.ENFORCE, 0)
    site.write('mode = "observe"', ROSTERS)
    (folder / "cards.csv").write_text("id,category\nA,staff\nB,staff\nC,odd category\n")
    (folder / "trust" / "centre.jwks.json").write_text(json.dumps(issuer_document(KEY)))
    told = await site.reload()
    assert told["ok"] is True
    assert told["needs_restart"] == []
    assert [one.rpartition("cards.csv:")[2] for one in told["left_out"]] == [
        "4: category: expected 1 to 32 characters of a-z, 0-9, _ and -, a letter first"
    ]
    assert site.gate.policy.mode is Enforcement.OBSERVE
    [roster] = site.gate.knowledge.rosters
    assert len(roster.entries) == 2
    assert site.gate.knowledge.trust.find(KEY.key_id)
    [fact] = site.recorded
    assert (fact.action, fact.detail["officer"]) == ("reloaded", "uid 0")
    assert fact.detail["rosters"] == {"cards": 2}


@in_virtual_time
async def test_mistakes_are_all_named_and_change_nothing(folder):
    site = Running(folder)
    before = site.gate.knowledge
    site.write('mode = "maybe"\ncolour = 5', ROSTERS)
    with pytest.raises(RequestError) as refused:
        await site.reload()
    for part in ("gate.toml:15: [policy] mode", "gate.toml:16: [policy] colour", "as before"):
        assert part in str(refused.value)
    assert site.gate.knowledge is before
    assert site.recorded == []


@in_virtual_time
async def test_what_needs_a_restart_is_named_and_the_rest_counts(folder):
    site = Running(folder)
    site.write('mode = "observe"', ROSTERS + '[broker]\nurl = "mqtt://127.0.0.1"\n')
    site.path.write_text(site.path.read_text().replace("by-path/a", "by-path/b"))
    told = await site.reload()
    assert told["needs_restart"] == ["broker", "lanes"]
    assert site.gate.policy.mode is Enforcement.OBSERVE


@in_virtual_time
async def test_rules_that_need_devices_which_are_not_there_yet_are_refused(folder):
    site = Running(folder)
    reader = '[lanes.exit_reader]\ndriver = "line"\nport = "/dev/serial/by-path/x"\n'
    site.write('anti_passback = "hard"', reader + ROSTERS)
    with pytest.raises(RequestError, match="anti_passback: expected"):
        await site.reload()


@in_virtual_time
async def test_documents_of_the_centre_come_and_go_with_their_key(folder):
    path = folder / "trust" / "centre.jwks.json"
    site = Running(folder)
    Shelves(folder / "s").folder.parent.mkdir(exist_ok=True)
    Shelves(folder / "s").keep(
        "policy.site", 3, policy(version=3, mode="observe"), {}, is_change=False
    )
    path.write_text(json.dumps(issuer_document(KEY)))
    await site.reload()
    assert site.gate.policy.mode is Enforcement.OBSERVE
    path.unlink()
    told = await site.reload()
    assert "is not used any more (key)" in told["left_out"][-1]
    assert site.gate.policy.mode is Enforcement.ENFORCE
    floors = site.library.stock.received.floors
    assert floors[policy_slot()].version == 3


@in_virtual_time
async def test_own_rules_that_contradict_a_document_are_refused(folder):
    (folder / "trust" / "centre.jwks.json").write_text(json.dumps(issuer_document(KEY)))
    (folder / "s").mkdir()
    answers = policy(version=3, statuses={"yellow": "refer", "red": "refuse", "black": "refuse"})
    Shelves(folder / "s").keep("policy.site", 3, answers, {}, is_change=False)
    site = Running(folder)
    assert site.gate.policy.versions[-1].endswith("gmsc@3")
    site.write('rule_sets = ["pl-2022-07-17"]', ROSTERS)
    with pytest.raises(RequestError, match="statuses: expected an answer to unknown"):
        await site.reload()


@in_virtual_time
async def test_a_signal_asks_for_it_and_mistakes_do_not_end_the_gate(folder):
    site = Running(folder)
    loop = asyncio.get_running_loop()
    tasks = [loop.create_task(run()) for run in (site.library.run, site.reloading.run)]
    site.write('mode = "maybe"', ROSTERS)
    site.asked.set()
    await asyncio.sleep(1)
    assert not any(task.done() for task in tasks)
    site.write('mode = "observe"', ROSTERS)
    site.asked.set()
    await asyncio.sleep(1)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert site.gate.policy.mode is Enforcement.OBSERVE
    assert [fact.detail["officer"] for fact in site.recorded] == ["signal"]


def test_versions_of_a_moment_ago_count_even_if_the_disk_lost_them(folder):
    site = Running(folder)
    floors = {policy_slot(): Floor(9, "ab")}
    stock = site.library.stock
    made = site.reloading._read(type(stock)(stock.office, stock.know, Received({}, floors)))
    assert made.edition.stock.received.floors == floors


def test_at_a_start_the_files_count_and_a_document_against_them_is_left_out(folder):
    (folder / "trust" / "centre.jwks.json").write_text(json.dumps(issuer_document(KEY)))
    (folder / "s").mkdir()
    answers = policy(version=3, statuses={"yellow": "refer", "red": "refuse", "black": "refuse"})
    Shelves(folder / "s").keep("policy.site", 3, answers, {}, is_change=False)
    assert policy_here(read_rules(folder / "gate.toml")).versions[-1].endswith("gmsc@3")
    answered = "".join(f'{one} = "refer"\n' for one in ("yellow", "red", "black", "unknown"))
    Running.write(
        type("At", (), {"path": folder / "gate.toml"})(),
        f'rule_sets = ["pl-2022-07-17"]\n[policy.statuses]\n{answered}',
    )
    wrong = policy(version=4, statuses={"green": "refuse"})
    Shelves(folder / "s").keep("policy.site", 4, wrong, {}, is_change=False)
    rules = read_rules(folder / "gate.toml")
    delivered = read_delivered(rules, makes_key=True)
    assert delivered.knowledge.policy.versions == rules.policy.versions
    assert delivered.problems[-1].endswith("; it is left out")
    assert f"policy {AUDIENCE}@4" in delivered.problems[-1]
    assert policy_here(rules).versions == rules.policy.versions
