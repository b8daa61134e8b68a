"""Fuzz targets: settings, rules and lists that people write into files."""

import json
import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import config.load
from config.load import read_document, rule_set_path
from config.locate import locate
from config.problems import SettingsError
from drivers.keys import UnfitError
from drivers.psk import read_psk
from gatewayd.app.errors import KeyFileError
from gatewayd.app.key_files import read_secret
from gatewayd.app.site import read_rules
from gatewayd.cli.credential_batch import Bench
from gatewayd.cli.policy import _answer as answer_rule
from gatewayd.core.certlogic import evaluate_to_json
from gatewayd.core.certlogic_format import Logic, parse
from gatewayd.core.described import parse_described
from gatewayd.core.evidence import Dose, Evidence, LabTest, Method, Result
from gatewayd.core.facts import CentreWord, Here
from gatewayd.core.pass_orders import parse_orders
from gatewayd.core.roster import parse_roster
from gatewayd.core.rule_sets import parse_rule_set
from gatewayd.core.status import judge
from tests.fuzz import keys
from tests.fuzz.json_trees import dumps, mutate_json
from tests.fuzz.lines import mutate_csv, mutate_toml
from tests.fuzz.place import folder
from tests.fuzz.target import Target

_ZONE = ZoneInfo("Asia/Jakarta")
_EVIDENCE = Evidence(
    (Dose(1, None, keys.AT.date()),), (LabTest(Method.ANTIGEN, Result.POSITIVE, keys.AT),)
)
_EXAMPLES = Path(__file__).parents[2] / "config" / "examples"


@cache
def _zones() -> set[str]:
    return available_timezones()


def _settings(data: bytes) -> None:
    """Read a settings file with all that the start reads before it opens anything."""
    path = folder() / "gatewayd.toml"
    path.write_bytes(data)
    config.load.available_timezones = _zones  # Else it reads them all each time.
    try:
        rules = read_rules(path)
    except SettingsError as error:
        assert error.problems
        for problem in error.problems:
            str(problem).encode("utf-8", "surrogatepass")
        return
    assert str(rules.site_path).count("/") == 2
    assert rules.settings.lanes


def _settings_seeds() -> list[bytes]:
    whole = [path.read_bytes() for path in sorted(_EXAMPLES.glob("*.toml"))]
    bare = [b"\n".join(line for line in one.split(b"\n") if _is_said(line)) for one in whole]
    more = b'\n[policy.capacity]\ntotal = 50\n[[doors]]\nid = "back"\nname = "B"\nturnstile = "lane-1"\ninput = 3\n'
    return [*bare, bare[0] + more]


def _is_said(line: bytes) -> bool:
    return bool(line.strip()) and not line.strip().startswith(b"#")


def _lines(data: bytes) -> None:
    """Find the line of each key of a document, which must be where tomllib found it too."""
    try:
        text = data.decode("utf-8-sig")
        document = tomllib.loads(text)
    except (ValueError, RecursionError):
        return
    try:
        found = locate(text)
    except RecursionError:
        return  # `config.load` says so.
    for key in _paths(document, ()):
        assert key in found, f"{key} was not found"
    for line in found.values():
        assert 1 <= line <= text.count("\n") + 1


def _paths(node: Any, path: tuple[str | int, ...]) -> list[tuple[str | int, ...]]:
    """Return where every key and element stands."""
    found, waiting = [], [(node, path)]
    while waiting:
        one, at = waiting.pop()
        inner = one.items() if isinstance(one, Mapping) else enumerate(one)
        for key, value in inner:
            found.append((*at, key))
            if isinstance(value, Mapping | list):
                waiting.append((value, (*at, key)))
    return found


_TOML = (
    b'a = 1 # x\n[b]\nc = [1, [2, "]"], {d = "}"}]\n[[e]]\nf = """x\n"y"\n"""\n[[e]]\n[e.g]\nh = 1\n',
    b"\"q.r\".s = 'a'\nt = { u.v = 1, w = [ # c\n 1,\n 2, ] }\nx = 1979-05-27 07:32:00\n",
    b"a = '''x'y''z'''\r\nb = \"\\\"#\"\r\n",
)


def _rule_set(data: bytes) -> None:
    path = folder() / "rules.toml"
    path.write_bytes(data)
    try:
        document, _ = read_document(path)
    except SettingsError:
        return
    rule_set, mistakes = parse_rule_set(document, _ZONE)
    if not mistakes:
        here = Here(keys.AT, _ZONE)
        judge(rule_set, _EVIDENCE, CentreWord(), here)


def _rule_set_seeds() -> list[bytes]:
    text = rule_set_path("pl-2021-11-01", Path()).read_bytes()
    head, _, rest = text.partition(b"[[rules]]")
    rules = rest.split(b"[[rules]]")
    said = [line for line in head.split(b"\n") if _is_said(line)]
    return [
        b"\n".join(said) + b"\n[[rules]]" + b"[[rules]]".join(rules[at : at + 2]) for at in (0, 2)
    ]


def _logic(data: bytes) -> None:
    """Evaluate a rule on data, both as they were sent."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return
    match document:
        case {"logic": expression, "data": about}:
            logic = parse(expression)
            if isinstance(logic, Logic):
                json.dumps(
                    evaluate_to_json(logic, about) if _is_plain(about) else None, default=str
                )
        case _:
            pass


def _is_plain(about: Any) -> bool:
    try:
        json.dumps(about)
    except RecursionError:
        return False
    return True


_LOGICS = (
    ({"if": [{"var": "a.0"}, {"plusTime": [{"var": "b"}, 14, "day"]}, False]}, {"a": [1], "b": "2021-11-01"}),
    ({"reduce": [{"var": "l"}, {"+": [{"var": "current"}, {"var": "accumulator"}]}, 0]}, {"l": [1, 2]}),
    ({"and": [{"in": ["x", ["x"]]}, {"===": [{"var": ""}, None]}, {"!": [True]}]}, None),
    ({"not-before": [{"plusTime": ["2021-11-01T00:00:00Z", 1, "hour"]}, {"var": "d"}]}, {"d": "2021"}),
    ({"extractFromUVCI": [{"var": "ci"}, 1]}, {"ci": "URN:UVCI:01:ID:0#0"}),
)  # fmt: skip


def _request(answer: Callable[[bytes], Any]) -> Callable[[bytes], None]:
    def check(data: bytes) -> None:
        json.dumps(answer(data)).encode()

    return check


def _batch(data: bytes) -> Any:
    return Bench(keys.TRUST, keys.AT).answer(data).line


def _described(data: bytes) -> None:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return
    if isinstance(document, dict):
        described, mistakes = parse_described(document, _ZONE)
        if not mistakes:
            described.shown(keys.AT)


# --- lists ---


def _roster(data: bytes) -> None:
    roster, problems = parse_roster("staff", data, _ZONE, keys.PSEUDONYMS)
    assert len(roster.entries) <= data.count(b"\n") + data.count(b"\r") + 1
    assert all(problem.row >= 1 and len(problem.what) < 500 for problem in problems)


_ROSTERS = (
    b"id,category,valid_from,valid_until,blocked,note,region,otp_key\nS-1,staff,2021-01-01,2027-12-31,no,x,malang,\nB-1,visitor,,,yes,,,\n",
    b'\xef\xbb\xbfid;category\r\nS-1;staff\r\n"S;2";staff\r\n;;\r\n',
    b"id,category,otp_key\nS-1,staff,JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP\nS-1,staff,\n",
)


def _pass_orders(data: bytes) -> None:
    orders, problems = parse_orders(data, _ZONE)
    assert len(orders) + len(problems) <= 1 + len(data.decode(errors="replace").splitlines())
    for problem in problems:
        assert len(problem) < 500


_ORDERS = (
    (
        b"id,category,label,valid_from,valid_until,purpose,host,entries,status,status_until\n"
        b"S-1,staff,Ana,2021-01-01,2021-12-31T23:00:00+07:00,permit,desk,3,green,2021-12-01\n"
    ),
    b"id;category;entries\nV-1;visitor;1\nV-2;visitor;\n",
)


def _secret_files(data: bytes) -> None:
    path = folder() / "key"
    path.touch(mode=0o600)
    path.write_bytes(data)
    try:
        assert len(read_psk(path)) == 32
    except UnfitError as error:
        assert data.strip() not in str(error).encode() or len(data.strip()) < 20, "tells the key"
    try:
        assert len(read_secret(path, 32)) == 32
    except KeyFileError as error:
        assert data.strip() not in str(error).encode() or len(data.strip()) < 20, "tells the key"


def mutate_logic(data: bytes, random: Random) -> bytes:
    """Change a rule, and put operators where they do not belong."""
    changed = mutate_json(data, random)
    if random.random() < 0.3:
        names = (b"if", b"and", b"!", b"in", b"===", b"+", b">", b"plusTime", b"reduce", b"after")
        changed = changed.replace(random.choice(names), random.choice(names), 1)
    return changed


TARGETS = (
    Target("settings", "settings: TOML, its policy, its lanes", _settings, _settings_seeds,
           mutate_toml, size_max=6000, is_slow=True),
    Target("toml-lines", "where a key stands in a settings file", _lines, lambda: _TOML, mutate_toml),
    Target("rule-set", "rule-sets", _rule_set, _rule_set_seeds, mutate_toml, size_max=6000,
           is_slow=True),
    Target("certlogic", "rules in CertLogic, and their data", _logic,
           lambda: [dumps({"logic": logic, "data": data}) for logic, data in _LOGICS], mutate_logic),
    Target("rule-requests", "`policy eval`, line by line", _request(answer_rule),
           lambda: [dumps({"id": 1, "logic": a, "data": b}) for a, b in _LOGICS], mutate_logic),
    Target("batch", "`credential verify --batch`, line by line", _request(_batch),
           lambda: [dumps({"id": 1, "scans": ["S-1"], "at": "2021-11-29T08:00:00+07:00", "trust": None})],
           mutate_json),
    Target("described", "a person described to `policy explain`", _described,
           lambda: [dumps({"category": "visitor", "born": "1990-02-03", "doses": [{"number": 1, "given_on": "2021-05-01"}],
                           "tests": [{"method": "antigen", "result": "negative", "sampled_at": "2021-11-28T08:00:00"}]})],
           mutate_json),
    Target("roster", "rosters: CSV", _roster, lambda: _ROSTERS, mutate_csv),
    Target("pass-orders", "tables of passes to be issued: CSV", _pass_orders, lambda: _ORDERS,
           mutate_csv, size_max=200_000),
    Target("secret-file", "files of keys", _secret_files, lambda: [b"ab" * 32 + b"\n", b"AB" * 32]),
)  # fmt: skip
