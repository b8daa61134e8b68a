"""What people read about mistakes in a settings file: each with its file, its line and its key."""

import json
import os
import re
import tomllib

import pytest

from config.load import DEPTH_MAX, SIZE_MAX, load, read
from config.problems import Problem, SettingsError

GATE = """\
[site]
region = "mojokerto"
organisation = "dukcapil"
id = "gmsc"
timezone = "Asia/Jakarta"
[[lanes]]
id = "lane-1"
turnstile = {driver = "gatelink", port = "/dev/serial/by-path/a", psk_file = "lane-1.psk"}
"""
"""A good file of 8 lines; what a test adds begins in line 9."""

SECRETS = ("lane-1.psk", "broker.password", "gate.key")
PUBLIC = ("staff.csv", "gate.pem", "ca.pem")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name in (*SECRETS, *PUBLIC):
        (tmp_path / name).touch(0o600 if name in SECRETS else 0o644)
    # Asking the machine for its 600 zones takes longer than the rest.
    monkeypatch.setattr("config.load.available_timezones", lambda: {"Asia/Jakarta"})
    return tmp_path


@pytest.fixture
def mistakes(folder, monkeypatch):
    """Return the lines that people see for a text, with the file as `gate.toml`."""
    monkeypatch.chdir(folder)

    def find(text):
        path = folder / "gate.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(SettingsError) as caught:
            load(path.relative_to(folder))
        return str(caught.value).replace(str(folder), "HERE").splitlines()

    return find


def changed(old, new):
    assert GATE.count(old) == 1
    return GATE.replace(old, new)


# --- one mistake at a time ----------------------------------------------------------------------

NAME = '1 to 32 characters of a-z, 0-9 and "-"'
SITE_KEYS = "contact, id, locale, name, organisation, region, registration_id, timezone"

CASES = {
    "missing key": (
        changed('region = "mojokerto"\n', ""),
        f"gate.toml:1: [site] region: expected {NAME}, found nothing",
    ),
    "missing section": (
        GATE[GATE.index("[[lanes]]") :] + '[site]\nid = "a"\nregion = "b"\norganisation = "c"',
        "gate.toml:4: [site] timezone: expected a time zone such as Asia/Jakarta or Asia/Makassar, found nothing",
    ),
    "unknown key": (
        GATE + "[storage]\nretention_day = 3",
        'gate.toml:10: [storage] retention_day: expected one of directory, journal_mib_max, outbox_days_max, retention_days, found an unknown key; did you mean "retention_days"?',
    ),
    "unknown key like no other": (
        changed('id = "gmsc"', 'id = "gmsc"\nxyzzy = 1'),
        f"gate.toml:5: [site] xyzzy: expected one of {SITE_KEYS}, found an unknown key",
    ),
    "unknown section": (
        GATE + "[sites]",
        'gate.toml:9: sites: expected one of assist_buttons, broker, desk, desk_reader, device_broker, doors, fire_inputs, home_assistant, journal, lanes, policy, privacy, rosters, site, storage, trust, found an unknown key; did you mean "site"?',
    ),
    "section that is none": (
        "storage = 5\n" + GATE,
        "gate.toml:1: storage: expected a section [storage], found 5",
    ),
    "single brackets": (
        GATE + '[rosters]\nname = "staff"',
        "gate.toml:9: rosters: expected sections [[rosters]], found a table; write the section as [[rosters]]",
    ),
    "lane that is no section": (
        "lanes = [5]\n" + GATE[: GATE.index("[[lanes]]")],
        "gate.toml:1: lanes: expected a section [lanes], found 5",
    ),
    "name with capitals": (
        changed('"dukcapil"', '"Dukcapil Kota"'),
        f'gate.toml:3: [site] organisation: expected {NAME}, found "Dukcapil Kota"; for example "dukcapil-kota"',
    ),
    "name of no usable characters": (
        changed('"gmsc"', '"***"'),
        f'gate.toml:4: [site] id: expected {NAME}, found "***"',
    ),
    "lane with a name too long": (
        changed('"lane-1"\n', f'"{"l" * 33}"\n'),
        f'gate.toml:7: [lanes] id: expected {NAME}, found "{"l" * 33}"; for example "{"l" * 32}"',
    ),
    "reserved name": (
        changed('"gmsc"', '"policy"'),
        'gate.toml:4: [site] id: expected a name other than policy, roster, trust, found "policy"',
    ),
    "path too long": (
        changed('"mojokerto"', f'"{"r" * 32}"').replace('"dukcapil"', f'"{"o" * 32}"'),
        "gate.toml:4: [site] id: expected region/organisation/id in at most 64 characters, found 70 characters",
    ),
    "time zone": (
        changed("Asia/Jakarta", "Asia/Djakarta"),
        'gate.toml:5: [site] timezone: expected a time zone such as Asia/Jakarta or Asia/Makassar, found "Asia/Djakarta"; did you mean "Asia/Jakarta"?',
    ),
    "word that is no choice": (
        GATE + '[journal]\nwhen_disk_refuses = "reffer"',
        'gate.toml:10: [journal] when_disk_refuses: expected "refuse" or "refer", found "reffer"; did you mean "refer"?',
    ),
    "text for a number": (
        GATE + '[journal]\ncommit_deadline_ms = "5s"',
        'gate.toml:10: [journal] commit_deadline_ms: expected 100 to 5000 milliseconds, found "5s"',
    ),
    "truth for a number": (
        GATE + "[storage]\nretention_days = true",
        "gate.toml:10: [storage] retention_days: expected 1 to 3650 days, found true",
    ),
    "number out of range": (
        GATE + "[storage]\nretention_days = 0",
        "gate.toml:10: [storage] retention_days: expected 1 to 3650 days, found 0",
    ),
    "number for a text": (
        changed('timezone = "Asia/Jakarta"', 'timezone = "Asia/Jakarta"\ncontact = 62811'),
        "gate.toml:6: [site] contact: expected a text in quotes, found 62811",
    ),
    "list for a text": (
        changed('"gmsc"', '["gmsc"]'),
        f"gate.toml:4: [site] id: expected {NAME}, found a list",
    ),
    "number beyond 64 bits": (
        GATE + f"[policy.capacity]\ntotal = 0x{'f' * 5000}",
        "gate.toml:10: [policy.capacity] total: expected a number of at most 64 bits, found something else",
    ),
    "empty directory": (
        GATE + '[trust]\ndirectory = ""',
        'gate.toml:10: [trust] directory: expected the name of a file or directory, found ""',
    ),
    "no lane": (
        GATE[: GATE.index("[[lanes]]")],
        "gate.toml:1: lanes: expected at least one section [[lanes]], found none",
    ),
    "reader without turnstile": (
        GATE + '[[lanes]]\nid = "lane-2"\nentry_reader = {driver = "line", port = "b"}',
        "gate.toml:9: [lanes] turnstile: expected a section [lanes.turnstile], found nothing",
    ),
    "device without driver": (
        changed('driver = "gatelink", ', ""),
        "gate.toml:8: [lanes.turnstile] driver: expected a text in quotes, found nothing",
    ),
    "password file that is missing": (
        GATE + '[broker]\nurl = "mqtts://centre"\nusername = "a"\npassword_file = "a.password"',
        "gate.toml:12: [broker] password_file: expected a file that other users cannot read, found no file at HERE/a.password",
    ),
    "region's key not named": (
        GATE + '[privacy]\nkey_scope = "region"',
        'gate.toml:9: [privacy] key_file: expected the file of the region\'s key, with key_scope "region", found nothing; the centre makes it, for all sites of the region',
    ),
    "region's key that is not there": (
        GATE + '[privacy]\nkey_scope = "region"\nkey_file = "region.key"',
        "gate.toml:11: [privacy] key_file: expected a file that other users cannot read, found no file at HERE/region.key",
    ),
    "scope of a key": (
        GATE + '[privacy]\nkey_scope = "regional"',
        'gate.toml:10: [privacy] key_scope: expected "site" or "region", found "regional"; did you mean "region"?',
    ),
    "password file that others read": (
        GATE + '[broker]\nurl = "mqtts://centre"\nusername = "a"\npassword_file = "ca.pem"',
        "gate.toml:12: [broker] password_file: expected a file that other users cannot read, found HERE/ca.pem open to all; run: chmod o= HERE/ca.pem",
    ),
    "authority that is missing": (
        GATE + '[broker]\nurl = "mqtts://centre"\nca_file = "a.pem"',
        "gate.toml:11: [broker] ca_file: expected a file, found no file at HERE/a.pem",
    ),
    "file that is a directory": (
        GATE + '[broker]\nurl = "mqtts://centre"\nca_file = "."',
        "gate.toml:11: [broker] ca_file: expected a file, found something else at HERE",
    ),
    "text with a character that ends it in C": (
        changed("by-path/a", "by-path/a\\u0000"),
        "gate.toml:8: [lanes.turnstile] port: expected a text without the character 0, found something else",
    ),
    "file with a name that cannot be": (
        GATE + f'[broker]\nurl = "mqtts://centre"\nca_file = "/{"a" * 300}"',
        f"gate.toml:11: [broker] ca_file: expected a file, found /{'a' * 199}, which cannot be read: File name too long",
    ),
    "lane twice": (
        GATE + '[[lanes]]\nid = "lane-1"\nturnstile = {driver = "mqtt", device = "a"}',
        'gate.toml:10: [lanes] id: expected a different id for each of [[lanes]], found "lane-1" as in line 7',
    ),
    "roster twice": (
        GATE + '[[rosters]]\nname = "s"\nfile = "staff.csv"\n' * 2,
        'gate.toml:13: [rosters] name: expected a different name for each of [[rosters]], found "s" as in line 10',
    ),
    "port twice": (
        GATE + '[lanes.entry_reader]\ndriver = "line"\nport = "/dev/serial/by-path/a"',
        'gate.toml:8: [lanes.turnstile] port: expected a port of its own (devices on one line: the same driver and baudrate, and an address for each), found "/dev/serial/by-path/a" as in line 11',
    ),
    "port of the hand scanner": (
        GATE + '[desk_reader]\ndriver = "line"\nport = "/dev/serial/by-path/a"',
        'gate.toml:11: [desk_reader] port: expected a port of its own (devices on one line: the same driver and baudrate, and an address for each), found "/dev/serial/by-path/a" as in line 8',
    ),
    "addresses of different drivers": (
        changed("port", "address = 1, port")
        + '[lanes.exit_reader]\ndriver = "osdp"\nport = "/dev/serial/by-path/a"\naddress = 2',
        'gate.toml:8: [lanes.turnstile] port: expected a port of its own (devices on one line: the same driver and baudrate, and an address for each), found "/dev/serial/by-path/a" as in line 11',
    ),
    "address twice": (
        changed("port", "address = 1, port") + '[[lanes]]\nid = "b"\n[lanes.turnstile]\n'
        'driver = "gatelink"\naddress = 1\nport = "/dev/serial/by-path/a"',
        'gate.toml:14: [lanes.turnstile] port: expected a port of its own (devices on one line: the same driver and baudrate, and an address for each), found "/dev/serial/by-path/a" as in line 8',
    ),
    "network device twice": (
        GATE + '[[lanes]]\nid = "b"\nturnstile = {driver = "mqtt", device = "t"}\n'
        '[[lanes]]\nid = "c"\nturnstile = {driver = "mqtt", device = "t"}',
        'gate.toml:14: [lanes.turnstile] device: expected a device of its own, found "t" as in line 11',
    ),
    "second gate": (
        GATE + '[[gates]]\nid = "front"\n[[gates]]\nid = "back"',
        "gate.toml:9: gates: expected one gate that all lanes belong to, found a list; write each turnstile as [[lanes]]",
    ),
    "reader at a door": (
        GATE + '[[doors]]\nid = "back"\nname = ""\nturnstile = "lane-1"\ninput = 3\n'
        'normally = "closed"\n[doors.entry_reader]',
        "gate.toml:15: [doors] entry_reader: expected a door without a reader, found a table; all lanes belong to the one gate: [[lanes]]",
    ),
    "door at no lane": (
        GATE + '[[doors]]\nid = "back"\nname = ""\nturnstile = "lane-2"\ninput = 3\n'
        'normally = "closed"',
        'gate.toml:12: [doors] turnstile: expected the id of a lane: "lane-1", found "lane-2"; did you mean "lane-1"?',
    ),
    "two doors at one input": (
        GATE + "".join(
            f'[[doors]]\nid = "{word}"\nname = ""\nturnstile = "lane-1"\ninput = 3\n'
            'normally = "closed"\n' for word in ("back", "side")
        ),
        "gate.toml:19: [doors] input: expected an input of its own, found the one of line 13",
    ),
    "two doors with one sensor": (
        GATE + "".join(
            f'[[doors]]\nid = "{word}"\nname = ""\nnormally = "closed"\n'
            '[doors.sensor]\ndriver = "modbus_input"\nport = "a"\n' for word in ("back", "side")
        ),
        "gate.toml:20: [doors] sensor: expected an input of its own, found the one of line 13",
    ),
    "door with two contacts": (
        GATE + '[[doors]]\nid = "back"\nname = ""\nturnstile = "lane-1"\nnormally = "closed"\n'
        '[doors.sensor]\ndriver = "modbus_input"',
        'gate.toml:12: [doors] turnstile: expected one place for the contact, found "lane-1"; [... .sensor] gives it already',
    ),
    "door with the id of a lane": (
        GATE + '[[doors]]\nid = "lane-1"\nname = ""\nturnstile = "lane-1"\ninput = 3\n'
        'normally = "closed"',
        'gate.toml:10: [doors] id: expected another id than in [[lanes]], found "lane-1" as in [[lanes]] in line 7',
    ),
    "help button for no lane": (
        GATE + '[[assist_buttons]]\nid = "help"\nlane = "lane-2"\nturnstile = "lane-1"\ninput = 5\n',
        'gate.toml:11: [assist_buttons] lane: expected the id of a lane: "lane-1", found "lane-2"; did you mean "lane-1"?',
    ),
    "help button at no lane": (
        GATE + '[[assist_buttons]]\nid = "help"\nturnstile = "lane-2"\ninput = 5\n',
        'gate.toml:11: [assist_buttons] turnstile: expected the id of a lane: "lane-1", found "lane-2"; did you mean "lane-1"?',
    ),
    "help button on a sensor that says not for whom": (
        GATE + '[[assist_buttons]]\nid = "help"\n[assist_buttons.sensor]\ndriver = "modbus_input"\n'
        'port = "a"\n',
        'gate.toml:9: [assist_buttons] lane: expected 1 to 32 characters of a-z, 0-9 and "-", found nothing',
    ),
    "help button that says how it is while nobody presses it": (
        GATE + '[[assist_buttons]]\nid = "help"\nturnstile = "lane-1"\ninput = 5\nnormally = "open"',
        'gate.toml:13: [assist_buttons] normally: expected no such key, found "open"; the contact of a help button is closed while it is pressed',
    ),
    "help button at the input of a door": (
        GATE + '[[doors]]\nid = "back"\nname = ""\nturnstile = "lane-1"\ninput = 3\n'
        'normally = "closed"\n[[assist_buttons]]\nid = "help"\nturnstile = "lane-1"\ninput = 3\n',
        "gate.toml:18: [assist_buttons] input: expected an input of its own, found the one of line 13",
    ),
    "fire contact that is open in peace": (
        GATE + '[[fire_inputs]]\nid = "panel"\nturnstile = "lane-1"\ninput = 1\nnormally = "open"',
        'gate.toml:13: [fire_inputs] normally: expected no such key, found "open"; it must be closed while there is no fire, so that a cut wire counts as one',
    ),
    "fire contact at a door's input": (
        GATE + '[[doors]]\nid = "back"\nname = ""\nturnstile = "lane-1"\ninput = 3\n'
        'normally = "closed"\n[[fire_inputs]]\nid = "panel"\nturnstile = "lane-1"\ninput = 3\n',
        "gate.toml:18: [fire_inputs] input: expected an input of its own, found the one of line 13",
    ),
    "interlock with nobody": (
        GATE.replace('id = "lane-1"\n', 'id = "lane-1"\ninterlock = "lane-1"\n'),
        'gate.toml:8: [lanes] interlock: expected the id of another lane: there is none, found "lane-1"',
    ),
    "broker of another kind": (
        GATE + '[broker]\nurl = "http://centre"',
        'gate.toml:10: [broker] url: expected mqtt://host:port or mqtts://host:port, found "http://centre"',
    ),
    "broker port beyond ports": (
        GATE + '[broker]\nurl = "mqtt://centre:70000"',
        'gate.toml:10: [broker] url: expected mqtt://host:port or mqtts://host:port, found "mqtt://centre:70000"',
    ),
    "broker without url": (
        GATE + '[broker]\nusername = "a"',
        "gate.toml:9: [broker] url: expected mqtt://host:port or mqtts://host:port, found nothing",
    ),
    "password in the url": (
        GATE + '[broker]\nurl = "mqtts://gate:geheim@centre"',
        "gate.toml:10: [broker] url: expected mqtt://host:port or mqtts://host:port, found something with @; a user is written as username and password_file",
    ),
    "password in the settings": (
        GATE + '[broker]\nurl = "mqtts://centre"\npassword = "geheim"',
        'gate.toml:11: [broker] password: expected one of ca_file, certificate_file, key_file, password_file, protocol, url, username, found an unknown key; did you mean "password_file"?',
    ),
    "password of nobody": (
        GATE + '[broker]\nurl = "mqtts://centre"\npassword_file = "broker.password"',
        "gate.toml:9: [broker] username: expected the user of password_file, found nothing",
    ),
    "certificate without key": (
        GATE + '[broker]\nurl = "mqtts://centre"\ncertificate_file = "gate.pem"',
        "gate.toml:9: [broker] key_file: expected the key of certificate_file, found nothing",
    ),
    "key without certificate": (
        GATE + '[broker]\nurl = "mqtts://centre"\nkey_file = "gate.key"',
        "gate.toml:9: [broker] certificate_file: expected the certificate of key_file, found nothing",
    ),
    "authority without TLS": (
        GATE + '[broker]\nurl = "mqtt://centre"\nca_file = "ca.pem"',
        'gate.toml:11: [broker] ca_file: expected no such key beside mqtt://, found "ca.pem"; TLS needs mqtts:// in the url',
    ),
    "embedded broker with a user": (
        GATE + '[device_broker]\nurl = "embedded"\nusername = "a"',
        "gate.toml:11: [device_broker] username: expected one of insecure, protocol, url, found an unknown key",
    ),
    "anonymous broker of devices on another machine": (
        GATE + '[device_broker]\nurl = "mqtt://10.0.0.5"',
        "gate.toml:9: [device_broker] username: expected one, or certificate_file, for a broker on another machine, found nothing; whoever is in its network could switch a relay there: give the gateway and each device an account of their own, or write insecure = true",
    ),
    "address to listen at": (
        GATE + '[desk]\nlisten = "8080"',
        'gate.toml:10: [desk] listen: expected an address such as 127.0.0.1:8080, found "8080"',
    ),
    "what codes on displays begin with": (
        GATE + '[desk]\ncheck_in_address = "https://a.go.id/?code="',
        'gate.toml:10: [desk] check_in_address: expected what codes for phones begin with, such as onegate: or https://a.go.id/, found "https://a.go.id/?code="',
    ),
    "names of the pages' machine": (
        GATE + '[desk]\nnames = ["Gate 1"]',
        "gate.toml:10: [desk] names: expected a list of names such as gate.dukcapil.go.id, found a list",
    ),
    "one name that is no list": (
        GATE + '[desk]\nnames = "gate.lan"',
        'gate.toml:10: [desk] names: expected a list of names such as gate.dukcapil.go.id, found "gate.lan"',
    ),
    "key of the pages without its certificate": (
        GATE + '[desk]\nkey_file = "gate.key"',
        "gate.toml:9: [desk] certificate_file: expected the certificate of key_file, found nothing",
    ),
    "certificate of the pages without its key": (
        GATE + '[desk]\ncertificate_file = "gate.pem"',
        "gate.toml:9: [desk] key_file: expected the key of certificate_file, found nothing",
    ),
    "what codes for phones begin with": (
        GATE + '[desk]\ncheck_in_address = "no end"',
        'gate.toml:10: [desk] check_in_address: expected what codes for phones begin with, such as onegate: or https://a.go.id/, found "no end"',
    ),
    "profile": (
        GATE + '[policy]\nprofile = "public-servce"',
        'gate.toml:10: [policy] profile: expected "city-office" or "governor-office" or "health-centre" or "hotel" or "immigration-office" or "market" or "plain-office" or "public-service" or "regency-office" or "rest-area" or "village-office", found "public-servce"; did you mean "public-service"?',
    ),
    "profile that is no text": (
        GATE + "[policy]\nprofile = [1]",
        'gate.toml:10: [policy] profile: expected "city-office" or "governor-office" or "health-centre" or "hotel" or "immigration-office" or "market" or "plain-office" or "public-service" or "regency-office" or "rest-area" or "village-office", found a list',
    ),
    "policy that is no section": (
        "policy = 5\n" + GATE,
        "gate.toml:1: policy: expected a section [policy], found 5",
    ),
    # What is no TOML at all.
    "value without quotes": (
        "id = lane",
        "gate.toml:1:6: expected TOML, found invalid value; texts have quotes, numbers and true or false have none",
    ),
    "no equals sign": (
        "[site]\nid : 5",
        "gate.toml:2:4: expected TOML, found expected '=' after a key in a key/value pair; a line is: key = value, and a section: [section]",
    ),
    "two keys in a line": (
        "a = 1 b = 2",
        "gate.toml:1:7: expected TOML, found expected newline or end of document after a statement; one key on each line; texts have quotes around them",
    ),
    "backslash": (
        'a = "C:\\keys"',
        "gate.toml:1:10: expected TOML, found unescaped '\\' in a string; write texts with \\ in single quotes: 'C:\\keys'",
    ),
    "quotes left open": (
        'a = "lane\nb = 1',
        "gate.toml:1:10: expected TOML, found illegal character '\\n'; close the quotes before the end of the line",
    ),
    "key twice": (
        "[site]\na = 1\na = 2\n",
        "gate.toml:3:6: expected TOML, found cannot overwrite a value; each key only once",
    ),
    "section twice": (
        "[site]\n[site]",
        "gate.toml:2:6: expected TOML, found cannot declare ('site',) twice; each section only once; those that repeat have two brackets: [[lanes]]",
    ),
    "open end": (
        'id = """\n\n',
        "gate.toml:3: expected TOML, found unterminated string",
    ),
    "not UTF-8": (
        b'[site]\nname = "caf\xe9"',
        "gate.toml:2: expected text in UTF-8, found the byte 0xe9; save the file as UTF-8",
    ),
    "too deep": (
        GATE + "[policy]\n" + ".".join("abcdefghi") + " = 1",
        f"gate.toml:10: [policy.a.b.c.d.e.f.g] h: expected at most {DEPTH_MAX} levels of sections and lists, found more",
    ),
    "far too deep": (
        "a = " + "[" * 5000,
        "gate.toml: expected numbers of at most 64 bits and at most 8 levels, found more",
    ),
    "number of many digits": (
        "a = " + "9" * 5000,
        "gate.toml: expected numbers of at most 64 bits and at most 8 levels, found more",
    ),
    "too long": (
        "#" * (SIZE_MAX + 1),
        f"gate.toml: expected at most {SIZE_MAX} bytes, found more",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "line"), CASES.values(), ids=CASES.keys())
def test_a_mistake_is_named_with_its_place(mistakes, text, line):
    """R03, R04."""
    assert mistakes(text) == [line]


def test_the_good_file_is_good(folder):
    path = folder / "gate.toml"
    path.write_text(GATE)
    assert load(path).advice == ()


def test_five_mistakes_of_one_file_are_told_at_once_in_the_order_of_lines(mistakes):
    text = """\
[[lanes]]
id = "lane-1"
turnstile = {driver = "gatelink", port = "a"}
name = "Front"
[[lanes]]
id = "lane-1"
turnstile = {driver = "gatelink", port = "a"}
[site]
region = "Mojokerto"
organisation = "dukcapil"
id = "gmsc"
timezone = "Asia/Jakarta"
[broker]
url = "mqtts://centre"
pasword_file = "x"
"""
    places = [line.split(": expected")[0] for line in mistakes(text)]
    assert places == [
        "gate.toml:4: [lanes] name",
        "gate.toml:6: [lanes] id",
        "gate.toml:7: [lanes.turnstile] port",
        "gate.toml:9: [site] region",
        "gate.toml:15: [broker] pasword_file",
    ]


def test_mistakes_that_other_floors_find_are_told_with_the_rest(folder):
    (folder / "gate.toml").write_text(GATE.replace("Asia/Jakarta", "x") + '[policy]\nmode = "x"')
    reading = read(folder / "gate.toml")
    where = reading.settings.where
    assert reading.settings.site.timezone == ""
    assert reading.settings.policy == {"mode": "x"}
    more = [
        Problem("a-profile.toml", 1, "mode", "b", "c"),
        where.problem(("policy", "mode"), "enforce", "x"),
        where.problem(("lanes", 0, "turnstile", "port"), "a", "b"),
    ]
    with pytest.raises(SettingsError) as caught:
        reading.accept(more)
    assert [problem.line for problem in caught.value.problems] == [5, 8, 10, 1]


def test_a_file_that_is_not_there_is_a_mistake_with_a_way_out(tmp_path):
    with pytest.raises(SettingsError, match=r"expected a settings file, found No such file.*-c"):
        load(tmp_path / "none.toml")
    with pytest.raises(SettingsError, match="Is a directory"):
        load(tmp_path)
    with pytest.raises(SettingsError, match="embedded null"):
        load(tmp_path / "\0")


BROKER = (
    GATE + '[broker]\nurl = "mqtts://centre"\nusername = "a"\npassword_file = "broker.password"'
)


def test_a_file_that_this_user_must_not_read_is_a_mistake(mistakes, mocker):
    mocker.patch("os.access", return_value=False)
    [line] = mistakes(BROKER)
    assert line.endswith("found HERE/broker.password, which this user must not read")


def test_a_secret_that_only_a_group_may_read_is_fine(folder):
    (folder / "broker.password").chmod(0o640)
    (folder / "gate.toml").write_text(BROKER)
    load(folder / "gate.toml")


def test_files_of_drivers_are_left_to_them(folder):
    for value in ("missing.psk", "", 5):
        (folder / "gate.toml").write_text(GATE.replace('"lane-1.psk"', json.dumps(value)))
        found = load(folder / "gate.toml").lanes[0].turnstile.values["psk_file"]
        assert found == (str(folder / value) if value == "missing.psk" else value)


def test_an_error_of_tomllib_without_a_place_is_put_at_the_end(mistakes, mocker):
    mocker.patch("tomllib.loads", side_effect=tomllib.TOMLDecodeError("Odd"))
    assert mistakes("a = 1\n") == ["gate.toml:2: expected TOML, found odd"]


def test_problems_have_their_parts_for_programs(folder):
    (folder / "gate.toml").write_text(changed('"gmsc"', "5"))
    with pytest.raises(SettingsError) as caught:
        load(folder / "gate.toml")
    assert caught.value.problems == (
        Problem(str(folder / "gate.toml"), 4, "[site] id", f"{NAME}", "5"),
    )


# --- each key of a full file, wrong in turn -----------------------------------------------------

FULL = """\
[site]
region = "mojokerto"
organisation = "dukcapil"
id = "gmsc"
name = "Graha Mojokerto Service City"
timezone = "Asia/Jakarta"
locale = "id"
registration_id = "ID-1"
contact = "Bu Ani"
[storage]
directory = "/var/lib/gatewayd"
retention_days = 21
[journal]
commit_deadline_ms = 1000
when_disk_refuses = "refer"
[privacy]
key_file = "privacy.key"
publish_status = "outcome"
[trust]
directory = "trust/"
[broker]
url = "mqtts://centre:8884"
protocol = "5"
ca_file = "ca.pem"
certificate_file = "gate.pem"
key_file = "gate.key"
username = "gate"
password_file = "broker.password"
[device_broker]
url = "mqtt://127.0.0.1:1884"
[desk]
listen = "0.0.0.0:8080"
show_category = true
certificate_file = "gate.pem"
key_file = "gate.key"
[policy]
profile = "public-service"
[[lanes]]
id = "lane-1"
[lanes.entry_reader]
driver = "line"
[lanes.exit_reader]
driver = "line"
[lanes.turnstile]
driver = "gatelink"
psk_file = "lane-1.psk"
[[rosters]]
name = "staff"
file = "staff.csv"
[[fire_inputs]]
id = "panel"
turnstile = "lane-1"
input = 4
[[doors]]
id = "back"
name = "Back door"
turnstile = "lane-1"
input = 3
normally = "closed"
"""

KEY_LINES = [
    (number, line.split(" ")[0])
    for number, line in enumerate(FULL.splitlines(), 1)
    if "=" in line and "psk_file" not in line  # which is the driver's to check
]


def test_a_file_with_every_key_is_good(folder):
    (folder / "gate.toml").write_text(FULL)
    load(folder / "gate.toml")


@pytest.mark.parametrize(("number", "key"), KEY_LINES)
@pytest.mark.parametrize("value", ["1979-05-27", "{}", "[[]]", "-1", "1.5", "nan"])
def test_each_key_with_a_wrong_value_is_named(mistakes, number, key, value):
    lines = FULL.splitlines()
    lines[number - 1] = f"{key} = {value}"
    found = mistakes("\n".join(lines))
    assert re.match(rf"gate\.toml:{number}: \[[a-z_.]+\] {key}: expected ", found[0])
    assert len(found) == 1


@pytest.mark.parametrize(("number", "key"), KEY_LINES)
def test_each_misspelled_key_is_named_and_corrected(mistakes, number, key):
    lines = FULL.splitlines()
    lines[number - 1] = lines[number - 1].replace(key, f"{key}x", 1)
    if key in ("driver", "profile"):
        return  # the other keys beside these belong to drivers and to the policy
    [line] = [line for line in mistakes("\n".join(lines)) if "an unknown key" in line]
    assert line.startswith(f"gate.toml:{number}: [")
    assert line.endswith(f'did you mean "{key}"?')


def test_the_working_directory_plays_no_part(folder, monkeypatch):
    (folder / "gate.toml").write_text(GATE)
    monkeypatch.chdir(folder)
    settings = load((folder / "gate.toml").relative_to(folder))
    assert settings.lanes[0].turnstile.values["psk_file"] == os.fspath(folder / "lane-1.psk")
