"""The token of the set-up on disk, and by which names a machine is found."""

import asyncio
import ipaddress
import logging

from gatewayd.app import certificate as certificate_module
from gatewayd.app import set_up as module
from gatewayd.app.own_names import own_addresses, own_names
from gatewayd.app.set_up import SET_UP_NAME, make_set_up
from gatewayd.core.roles import Role
from gatewayd.ports import StorageError
from tests.sim.loop import run
from tests.unit.doubles import InlineBlocking, SimAccounts, SimChance
from tests.unit.test_certificate import Clock, made

NOBODY = SimAccounts(**{"petugas-1": (Role.OFFICER, "274931")})
SOMEBODY = SimAccounts(pengelola=(Role.MANAGER, "kapal laut biru"))


def test_the_token_is_a_new_one_at_each_start_and_nobody_else_reads_it(tmp_path):
    chance = SimChance()
    first, second = (make_set_up(tmp_path, NOBODY, chance) for _ in range(2))
    path = tmp_path / SET_UP_NAME
    assert first.token != second.token
    assert len(second.token) == 43
    assert path.read_text() == f"{second.token}\n"
    assert path.stat().st_mode & 0o777 == 0o600
    second.end()
    assert not path.exists()
    second.end()


def test_with_a_manager_there_is_none_and_an_old_one_goes(tmp_path):
    make_set_up(tmp_path, NOBODY, SimChance())
    assert make_set_up(tmp_path, SOMEBODY, SimChance()) is None
    assert not (tmp_path / SET_UP_NAME).exists()


def test_a_disk_that_refuses_stops_no_gate(tmp_path, monkeypatch, caplog):
    def refuse(*_):
        raise StorageError("the disk is full")

    monkeypatch.setattr(module, "replace_private", refuse)
    monkeypatch.setattr(module, "remove_private", refuse)
    with caplog.at_level(logging.WARNING):
        found = make_set_up(tmp_path, NOBODY, SimChance())
    assert found is not None
    told = [record.message for record in caplog.records]
    assert told == ["token_not_noted", "set_up_needed"]
    assert found.token not in caplog.text
    assert make_set_up(tmp_path, SOMEBODY, SimChance()) is None


def test_a_machine_has_a_name_in_its_network_and_addresses_of_its_own():
    names = own_names()
    assert f"{names[0]}.local" in names
    assert all(name == name.lower() for name in names)
    for address in own_addresses():
        assert not ipaddress.ip_address(address).is_unspecified


def test_a_certificate_is_looked_at_once_a_day(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(certificate_module, "own_names", lambda: ("gate-box",))
    clock = Clock()
    certificate = made(tmp_path, clock=clock)
    certificate.open()
    first = certificate.pair

    async def years():
        looking = asyncio.create_task(certificate.run(InlineBlocking()))
        await asyncio.sleep(2 * certificate_module.LOOK_S)
        assert certificate.pair == first
        clock.at = first.ends
        await asyncio.sleep(certificate_module.LOOK_S)
        assert certificate.pair.ends > first.ends

        def refuse(*_):
            raise StorageError("the disk is full")

        monkeypatch.setattr(certificate_module, "replace_private", refuse)
        clock.at = certificate.pair.ends
        await asyncio.sleep(certificate_module.LOOK_S)
        looking.cancel()

    with caplog.at_level(logging.ERROR):
        run(years())
    assert [record.message for record in caplog.records] == ["certificate_not_used"]
