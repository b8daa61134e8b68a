"""`gatewayd user`: what it asks the gateway, and what it shows."""

import json

import pytest
from click.testing import CliRunner

from gatewayd.cli import user as module
from gatewayd.cli.main import main

LISTED = {
    "ok": True,
    "accounts": [
        {"label": "pengelola", "role": "manager", "kind": "password", "must_change": False},
        {"label": "petugas-1", "role": "officer", "kind": "pin", "must_change": True},
    ],
    "tokens": [
        {"label": "layar-1", "role": "display", "lane": "lane-1", "made": "2026-11-22", "used": None},
        {"label": "laporan", "role": "auditor", "lane": None, "made": "2026-11-22", "used": "2026-11-23"},
    ],
}  # fmt: skip


@pytest.fixture
def asked(monkeypatch):
    """What the gateway was asked; put its answer into the first place."""
    asked = [{"ok": True}]

    def ask(path, request):
        asked.append(request)
        return asked[0]

    monkeypatch.setattr(module, "ask_gateway", ask)
    return asked


def said(*words, typed=""):
    found = CliRunner().invoke(main, ["user", *words], input=typed)
    assert found.exit_code == 0, found.output
    return found.output


def test_the_list_tells_people_from_tokens_and_shows_no_secret(asked):
    asked[0] = LISTED
    assert said("list").splitlines() == [
        "pengelola  manager, password",
        "petugas-1  officer, pin, chooses a secret at the first sign-in",
        "layar-1  token, display at lane-1, made 2026-11-22, never used",
        "laporan  token, auditor, made 2026-11-22, last used 2026-11-23",
    ]
    assert json.loads(said("list", "--json")) == LISTED
    asked[0] = {"ok": True, "accounts": [], "tokens": []}
    assert said("list") == "nobody can sign in: see `gatewayd user setup`\n"


def test_set_up_shows_the_address_and_the_fingerprint(asked):
    asked[0] = {
        "ok": True,
        "address": "https://gate.lan:8443",
        "set_up_address": "https://gate.lan:8443/setup#t",
        "fingerprint": "AB:CD",
    }
    assert said("setup").splitlines() == [
        "the pages: https://gate.lan:8443",
        "the first manager is made here, once:",
        "  https://gate.lan:8443/setup#t",
        "the certificate's SHA-256: AB:CD",
    ]
    asked[0] = {"ok": True, "address": "http://127.0.0.1:8080", "set_up_address": None}
    assert "there is a manager already" in said("setup")


def test_somebody_is_added_with_a_secret_from_a_pipe_or_one_that_is_made_up(asked):
    told = said("add", "teknisi", "--role", "technician", typed="obeng dan tang\n")
    assert told == "teknisi can sign in as technician\n"
    asked[0] = {"ok": True, "secret": "12345678"}
    told = said("add", "petugas-3", "--role", "officer", "--made-up")
    assert "once with this secret, and then chooses another one: 12345678" in told
    assert "another secret, once" in said("password", "petugas-3", "--made-up")
    assert asked[1:] == [
        {"do": "user_add", "label": "teknisi", "role": "technician", "secret": "obeng dan tang"},
        {"do": "user_add", "label": "petugas-3", "role": "officer"},
        {"do": "user_password", "label": "petugas-3"},
    ]


def test_accounts_and_tokens_are_taken_away_and_a_token_is_printed_alone(asked):
    assert said("remove", "petugas-3") == "petugas-3 cannot sign in any more\n"
    assert "good for nothing" in said("untoken", "layar-1")
    asked[0] = {"ok": True, "token": "gatewayd_abc"}
    assert said("token", "layar-1", "--role", "display", "--lane", "lane-1") == "gatewayd_abc\n"
    assert asked[1:] == [
        {"do": "user_remove", "label": "petugas-3"},
        {"do": "user_untoken", "label": "layar-1"},
        {"do": "user_token", "label": "layar-1", "role": "display", "lane": "lane-1"},
    ]


def test_a_no_of_the_gateway_is_told(asked):
    asked[0] = {"ok": False, "text": "there is no x"}
    found = CliRunner().invoke(main, ["user", "remove", "x"])
    assert (found.exit_code, found.stderr) == (1, "there is no x\n")
