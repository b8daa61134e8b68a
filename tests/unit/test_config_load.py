"""What a good settings file becomes, and that nothing but SettingsError comes of a bad one."""

import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.load import load, rule_set_names
from config.problems import Origin, SettingsError, Where
from config.schema import (
    Broker,
    ContactState,
    Desk,
    DriverTable,
    EmbeddedBroker,
    KeyScope,
    Lane,
    LaneInput,
    Locale,
    OnDiskRefusal,
    Protocol,
    PublishStatus,
    Roster,
)

SITE = """\
[site]
region = "mojokerto"
organisation = "dukcapil"
id = "gmsc"
timezone = "Asia/Jakarta"
"""
LANE = """\
[[lanes]]
id = "lane-1"
[lanes.turnstile]
driver = "gatelink"
port = "/dev/serial/by-path/a"
psk_file = "keys/lane-1.psk"
unlock_ms = 5000
"""


@pytest.fixture(autouse=True)
def zones(monkeypatch):
    """Asking the machine for its 600 zones takes longer than the rest."""
    monkeypatch.setattr("config.load.available_timezones", lambda: {"Asia/Jakarta"})


@pytest.fixture
def read(tmp_path):
    """Return the settings of a text in a folder with the files that it may name."""
    (tmp_path / "keys").mkdir()
    for name in ("keys/lane-1.psk", "broker.password", "gate.key", "gate.pem", "ca.pem", "s.csv"):
        (tmp_path / name).touch(0o600)

    def parse(text):
        (tmp_path / "gate.toml").write_text(text)
        return load(tmp_path / "gate.toml")

    return parse


def advice(settings):
    return [(item.line, item.key, item.text) for item in settings.advice]


def test_what_is_not_said_is_as_the_defaults_say(read, tmp_path):
    gate = read(SITE + LANE)
    assert gate.site.path == "mojokerto/dukcapil/gmsc"
    assert gate.site.name == "gmsc"
    assert gate.site.locale is Locale.INDONESIAN
    assert str(gate.storage.directory) == "/var/lib/gatewayd"
    assert gate.storage.retention_days == 21
    assert (gate.storage.outbox_days_max, gate.storage.journal_mib_max) == (90, 4096)
    assert gate.journal.commit_deadline_ms == 1000
    assert gate.journal.when_disk_refuses is OnDiskRefusal.REFUSE
    assert str(gate.privacy.key_file) == "/var/lib/gatewayd/privacy.key"
    assert gate.privacy.key_scope is KeyScope.SITE
    assert gate.privacy.publish_status is PublishStatus.STATUS
    assert gate.trust.directory == tmp_path / "trust"
    assert (gate.broker, gate.device_broker, gate.desk) == (None, None, None)
    assert (gate.rosters, gate.doors, gate.profile, gate.policy) == ((), (), None, {})
    assert gate.advice == ()


def test_a_region_shares_the_key_of_the_pseudonyms(read, tmp_path):
    gate = read(SITE + LANE + '[privacy]\nkey_scope = "region"\nkey_file = "gate.key"\n')
    assert gate.privacy.key_scope is KeyScope.REGION
    assert gate.privacy.key_file == tmp_path / "gate.key"


def test_a_lane_keeps_the_keys_that_only_its_drivers_know(read, tmp_path):
    gate = read(SITE + LANE + '[lanes.exit_reader]\ndriver = "line"\nstx = true\n')
    path = ("lanes", 0, "turnstile")
    values = {
        "port": "/dev/serial/by-path/a",
        "psk_file": str(tmp_path / "keys/lane-1.psk"),
        "unlock_ms": 5000,
    }
    reader = DriverTable(driver="line", values={"stx": True}, path=("lanes", 0, "exit_reader"))
    turnstile = DriverTable(driver="gatelink", values=values, path=path)
    assert gate.lanes == (
        Lane(
            id="lane-1",
            interlock=None,
            area=None,
            entry_reader=None,
            exit_reader=reader,
            turnstile=turnstile,
        ),
    )
    problem = gate.where.problem((*path, "unlock_ms"), "500 to 30000 milliseconds", '"5s"')
    assert str(problem) == (
        f"{tmp_path}/gate.toml:12: [lanes.turnstile] unlock_ms: "
        'expected 500 to 30000 milliseconds, found "5s"'
    )


def test_a_key_that_is_missing_is_missed_where_its_section_begins(read, tmp_path):
    where = read(SITE + LANE).where
    file = str(tmp_path / "gate.toml")
    assert where.find(("lanes", 0, "turnstile", "baudrate")) == Origin(file, 8)
    assert where.find(("storage", "directory")) == Origin(file, 1)
    assert Where("gate.toml").find(()) == Origin("gate.toml", 1)


def test_the_own_policy_lies_over_the_profile_key_by_key(read, tmp_path):
    gate = read(
        SITE
        + LANE
        + '[policy]\nprofile = "regency-office"\nunknown_holder = "refuse"\n'
        + 'statuses.yellow = "admit"\nattestation = {required = ["reason"]}\n'
    )
    assert gate.profile == "regency-office"
    assert gate.policy == {
        "version": "regency-office-1",
        "officer_required": True,
        "legal_basis": "Instruction of the Bupati of Pasuruan, following the direction of the centre",
        "mode": "enforce",
        "unknown_holder": "refuse",
        "anonymous_exit_category": "visitor",
        "statuses": {
            "green": "admit",
            "yellow": "admit",
            "red": "refer",
            "black": "refuse",
            "unknown": "refer",
        },
        "rule_sets": rule_set_names(),
        "attestation": {"required": ["reason"]},
    }
    own = str(tmp_path / "gate.toml")
    assert gate.where.find(("policy", "unknown_holder")) == Origin(own, 15)
    assert gate.where.find(("policy", "statuses", "yellow")) == Origin(own, 16)
    profile = gate.where.find(("policy", "statuses", "red"))
    assert profile.file.endswith("config/profiles/regency-office.toml")
    assert str(gate.where.problem(("policy", "statuses", "red"), "a", "b")).startswith(
        f"{profile.file}:{profile.line}: [policy.statuses] red: "
    )


def test_a_policy_without_profile_is_the_sites_own(read):
    gate = read(SITE + LANE + '[policy]\nmode = "observe"\n')
    assert (gate.profile, gate.policy) == (None, {"mode": "observe"})


def test_a_broker_with_everything(read, tmp_path):
    gate = read(
        SITE
        + LANE
        + '[broker]\nurl = "mqtts://centre.example:8884/"\nprotocol = "3.1.1"\nca_file = "ca.pem"\n'
        + 'certificate_file = "gate.pem"\nkey_file = "gate.key"\nusername = "gate"\n'
        + 'password_file = "broker.password"\n'
    )
    assert gate.broker == Broker(
        host="centre.example",
        port=8884,
        is_tls=True,
        protocol=Protocol.V311,
        ca_file=tmp_path / "ca.pem",
        certificate_file=tmp_path / "gate.pem",
        key_file=tmp_path / "gate.key",
        username="gate",
        password_file=tmp_path / "broker.password",
    )
    assert gate.advice == ()


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("mqtt://centre", ("centre", 1883, False)),
        ("mqtts://centre", ("centre", 8883, True)),
        ("mqtt://10.0.0.7:1", ("10.0.0.7", 1, False)),
        ("mqtt://[::1]:65535", ("::1", 65535, False)),
    ],
)
def test_a_url_names_host_port_and_tls(read, url, place):
    broker = read(SITE + LANE + f'[broker]\nurl = "{url}"\n').broker
    assert (broker.host, broker.port, broker.is_tls) == place
    assert broker.protocol is Protocol.AUTO


@pytest.mark.parametrize(
    "url", ["mqtt://", "mqtt://a:0", "mqtt://a:65536", "mqtt://a/b", "mqtt://a b", "MQTT//a"]
)
def test_a_url_that_names_no_broker_is_refused(read, url):
    with pytest.raises(SettingsError, match="mqtt://host:port or mqtts://host:port"):
        read(SITE + LANE + f'[broker]\nurl = "{url}"\n')


@pytest.mark.parametrize(
    "more", ["insecure = true", 'username = "gate"', 'certificate_file = "a"\nkey_file = "a"']
)
def test_a_device_broker_elsewhere_needs_an_account_or_the_word_insecure(read, tmp_path, more):
    (tmp_path / "a").write_text("pem")
    (tmp_path / "a").chmod(0o600)
    table = f'[device_broker]\nurl = "mqtts://10.0.0.5"\n{more}\n'
    assert isinstance(read(SITE + LANE + table).device_broker, Broker)


def test_the_device_broker_is_one_like_the_centres_or_our_own(read):
    gate = read(SITE + LANE + '[device_broker]\nurl = "mqtt://127.0.0.1:1884"\n')
    assert isinstance(gate.device_broker, Broker)
    assert gate.device_broker.port == 1884
    assert (
        read(SITE + LANE + '[device_broker]\nurl = "embedded"\n').device_broker == EmbeddedBroker()
    )


def test_desk_rosters_and_doors_are_read(read, tmp_path):
    gate = read(
        SITE
        + LANE
        + '[desk]\n[[rosters]]\nname = "staff"\nfile = "s.csv"\n'
        + '[[doors]]\nid = "back"\nname = "Back"\nturnstile = "lane-1"\ninput = 3\n'
        + 'normally = "open"\n'
    )
    assert gate.desk == Desk(host="127.0.0.1", port=8080)
    assert gate.rosters == (Roster(name="staff", file=tmp_path / "s.csv"),)
    [door] = gate.doors
    assert (door.id, door.contact) == ("back", LaneInput(lane="lane-1", input=3))
    assert door.normally is ContactState.OPEN


def test_pages_that_the_network_can_reach_are_encrypted(read):
    assert not read(SITE + LANE + "[desk]\n").desk.is_tls
    for listen in ("localhost:80", "[::1]:80", "127.1.2.3:80"):
        assert not read(SITE + LANE + f'[desk]\nlisten = "{listen}"\n').desk.is_tls
    for listen in ("0.0.0.0:8443", "[::]:8443", "192.168.1.5:8443", "gate.lan:8443"):
        assert read(SITE + LANE + f'[desk]\nlisten = "{listen}"\n').desk.is_tls


def test_pages_have_names_and_a_certificate_of_ones_own(read, tmp_path):
    gate = read(
        SITE
        + LANE
        + '[desk]\nnames = ["gate.dukcapil.go.id", "gerbang"]\ncertificate_file = "gate.pem"\n'
        + 'key_file = "gate.key"\ncheck_in_address = "onegate:"\n'
    )
    assert gate.desk.names == ("gate.dukcapil.go.id", "gerbang")
    assert gate.desk.certificate_file == tmp_path / "gate.pem"
    assert gate.desk.key_file == tmp_path / "gate.key"
    assert gate.desk.check_in_address == "onegate:"
    assert gate.desk.is_tls


def test_the_officers_hand_scanner_is_a_reader_of_its_own(read):
    gate = read(SITE + LANE + '[desk_reader]\ndriver = "line"\nport = "/dev/serial/by-path/d"\n')
    values = {"port": "/dev/serial/by-path/d"}
    assert gate.desk_reader == DriverTable(driver="line", values=values, path=("desk_reader",))
    assert read(SITE + LANE).desk_reader is None


def test_devices_with_addresses_of_their_own_may_share_a_line(read):
    bus = 'driver = "osdp"\nport = "/dev/serial/by-path/b"\naddress = '
    gate = read(SITE + LANE + f"[lanes.entry_reader]\n{bus}1\n[lanes.exit_reader]\n{bus}2\n")
    assert gate.lanes[0].exit_reader.values["address"] == 2


@pytest.mark.parametrize("other", ["address = 0", "address = 2\nbaudrate = 9600"])
def test_devices_that_cannot_hear_each_other_do_not_share_a_line(read, other):
    bus = 'driver = "osdp"\nport = "/dev/serial/by-path/b"\n'
    tables = f"[lanes.entry_reader]\n{bus}address = 1\n[lanes.exit_reader]\n{bus}{other}\n"
    with pytest.raises(SettingsError, match="a port of its own"):
        read(SITE + LANE + tables)


def test_a_file_from_windows_is_read(read):
    assert read("\ufeff" + (SITE + LANE).replace("\n", "\r\n")).site.id == "gmsc"


# --- advice -------------------------------------------------------------------------------------


def test_a_password_on_an_unprotected_line_is_worth_a_warning(read):
    broker = '[broker]\nusername = "a"\npassword_file = "broker.password"\nurl = '
    gate = read(SITE + LANE + broker + '"mqtt://centre"\n')
    text = "the password goes over the network unprotected; use mqtts://"
    assert advice(gate) == [(16, "[broker] url", text)]
    assert str(gate.advice[0]).endswith(f"gate.toml:16: [broker] url: warning: {text}")
    for local in ("localhost", "127.0.0.2:1884", "[::1]"):
        assert advice(read(SITE + LANE + broker + f'"mqtt://{local}"\n')) == []


@pytest.mark.parametrize("port", ["/dev/ttyUSB0", "/dev/ttyACM11"])
def test_a_port_that_may_be_another_tomorrow_is_worth_a_warning(read, port):
    gate = read(SITE + LANE.replace("/dev/serial/by-path/a", port))
    text = f"{port} may be another device after a reboot; use its /dev/serial/by-path/ name"
    assert advice(gate) == [(10, "[lanes.turnstile] port", text)]


def test_ports_that_keep_their_names_are_fine(read):
    assert advice(read(SITE + LANE.replace("/dev/serial/by-path/a", "/dev/ttyS0"))) == []


def test_a_roster_of_plain_ids_is_worth_a_warning(read):
    gate = read(SITE + LANE + '[[rosters]]\nname = "staff"\nfile = "s.csv"\n')
    text = "whoever copies a plain id passes as its owner; where that matters: gatewayd pass totp"
    assert advice(gate) == [(15, "[rosters] file", text)]


# --- anything at all ----------------------------------------------------------------------------

KNOWN_WORDS = re.findall(
    r"\w+",
    """
    site region organisation id name timezone locale registration_id contact storage directory
    retention_days outbox_days_max journal_mib_max journal commit_deadline_ms when_disk_refuses privacy key_file key_scope publish_status
    trust broker url protocol ca_file certificate_file username password_file device_broker desk
    listen names check_in_address policy profile lanes entry_reader exit_reader turnstile driver psk_file port address
    device rosters file doors input normally gates x
    """,
)
VALUES = (
    *('"lane-1"', '"mqtt://a"', '"mqtts://[::1]:99999"', '"embedded"', '"city-office"', '"."'),
    *('"\\u0000"', '""', '"Asia/Jakarta"', "0", "3", "-1e400", "0xffffffffffffffffffff"),
    *("nan", "true", "1979-05-27", "07:32:00", "[]", "{}", "[[]]", '["lane-1"]'),
)


def table(value):
    pairs = st.dictionaries(st.sampled_from(KNOWN_WORDS), value, max_size=6)
    return pairs.map(lambda items: "{" + ", ".join(f"{k} = {v}" for k, v in items.items()) + "}")


values = st.recursive(
    st.sampled_from(VALUES),
    lambda inner: st.one_of(
        table(inner),
        st.lists(table(inner), max_size=3).map(lambda items: "[" + ", ".join(items) + "]"),
    ),
    max_leaves=12,
)
wild_documents = st.dictionaries(st.sampled_from(KNOWN_WORDS), values, max_size=6).map(
    lambda items: "".join(f"{key} = {value}\n" for key, value in items.items())
)
jsons = st.dictionaries(st.text(), st.none() | st.booleans() | st.floats() | st.text(), max_size=4)
contents = st.one_of(
    st.binary(max_size=64),
    jsons.map(json.dumps).map(str.encode),
    wild_documents.map(str.encode),
    wild_documents.map(lambda text: (text + SITE + LANE).encode()),
    st.permutations((SITE + LANE).splitlines()).map(lambda lines: "\n".join(lines).encode()),
)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(contents)
def test_a_file_with_any_content_is_read_or_refused_in_words(tmp_path, content):
    path = tmp_path / "gate.toml"
    path.write_bytes(content)
    try:
        load(path)
    except SettingsError as error:
        problems = error.problems
    else:
        problems = ()
    assert all(str(problem).startswith(str(path)) for problem in problems)


def test_everything_with_a_contact_of_its_own_is_watched(read):
    buttons = '[[assist_buttons]]\nid = "bell"\nturnstile = "lane-1"\ninput = 2\n'
    panel = '[[fire_inputs]]\nid = "panel"\nturnstile = "lane-1"\ninput = 3\n'
    door = '[[doors]]\nid = "back"\nname = "Back"\nturnstile = "lane-1"\ninput = 4\nnormally = "closed"\n'
    settings = read(SITE + LANE + door + panel + buttons)
    assert [one.id for one in settings.watched] == ["back", "panel", "bell"]
