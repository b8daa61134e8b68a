"""The install script, into a folder below the test's own: nothing of the system is touched."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "install"


def run(*words, script=SCRIPT, **environment):
    return subprocess.run(
        [script, *map(str, words)],
        env={**os.environ, "PYTHON": sys.executable, "PIP_NO_COMPILE": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--frob"], "unknown option --frob; see --help"),
        (["--root"], "--root needs a value; see --help"),
        (["--wheels", "no/such", "--root", "."], "there is no folder no/such"),
        (["--wheels", ".", "--root", "."], "was not made by --make-wheels"),
        (["--make-wheels", "w", "--platform", "armv7l"], "x86_64 and aarch64, not on armv7l"),
    ],
)
def test_misuse_is_answered_with_a_sentence(tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    result = run(*words)
    assert result.returncode == 2
    assert said in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_another_python_is_refused_by_version(tmp_path):
    old = tmp_path / "python"
    old.write_text("#!/bin/sh\necho 3.9\n")
    old.chmod(0o755)
    result = run("--root", tmp_path / "root", PYTHON=str(old))
    assert result.returncode == 2
    assert "Python 3.11 is needed" in result.stderr
    assert "is 3.9" in result.stderr


def test_help_shows_both_ways():
    result = run("--help")
    assert result.returncode == 0
    assert "--wheels DIR" in result.stdout
    assert "--make-wheels DIR" in result.stdout


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """A folder as it would be carried to a box; made from the package registry."""
    folder = tmp_path_factory.mktemp("stick") / "wheels"
    result = run("--make-wheels", folder)
    assert result.returncode == 0, result.stderr
    return folder


@pytest.fixture(scope="module")
def box(wheels, tmp_path_factory):
    root = tmp_path_factory.mktemp("box")
    install(wheels, root)
    return root


def install(wheels, root):
    """Install as on a box: with the script of the folder, and a registry that is not there."""
    result = run(
        *("--wheels", wheels, "--root", root),
        script=wheels / "install",
        PIP_INDEX_URL="http://127.0.0.1:9/simple",
        PIP_EXTRA_INDEX_URL="",
    )
    assert result.returncode == 0, result.stderr
    return result


def release_in_use(root):
    return (root / "opt/gatewayd/current").readlink().name


def releases(root):
    return sorted(path.name for path in (root / "opt/gatewayd").glob("release-*"))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_folder_of_wheels_makes_a_whole_installation(box):
    settings = box / "etc/gatewayd/gatewayd.toml"
    assert "[lanes.turnstile]" in settings.read_text()
    assert settings.stat().st_mode & 0o777 == 0o640
    assert (box / "etc/gatewayd/trust").is_dir()
    assert "Type=notify" in (box / "etc/systemd/system/gatewayd.service").read_text()
    command = (box / "usr/local/bin/gatewayd").readlink()
    assert command == Path("/opt/gatewayd/current/bin/gatewayd")
    program = box / command.relative_to("/")
    assert subprocess.run([program, "--help"], capture_output=True, check=True).stdout


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_installed_program_says_what_the_example_still_needs(box):
    program = box / "opt/gatewayd/current/bin/gatewayd"
    settings = box / "etc/gatewayd/gatewayd.toml"
    result = subprocess.run(
        [program, "check", "-c", settings], capture_output=True, text=True, check=False, cwd="/"
    )
    assert result.returncode == 2
    lines = settings.read_text().splitlines()
    number = 1 + next(n for n, line in enumerate(lines) if line.strip().startswith("psk_file"))
    expected = f"{settings}:{number}: [lanes.turnstile] psk_file: expected a file"
    assert expected in result.stdout + result.stderr


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_an_upgrade_keeps_the_settings_and_one_release_to_go_back_to(box, wheels):
    settings = box / "etc/gatewayd/gatewayd.toml"
    settings.write_text(settings.read_text() + "# mine\n")
    used = [release_in_use(box)]
    for _ in range(2):
        result = install(wheels, box)
        assert f"Keeping {settings}" in result.stdout
        used.append(release_in_use(box))
    assert settings.read_text().endswith("# mine\n")
    assert len(set(used)) == 3
    assert releases(box) == sorted(used[1:])


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_changed_wheel_stops_the_install_and_leaves_the_release_in_use(box, wheels, tmp_path):
    before = release_in_use(box), releases(box)
    shutil.copytree(wheels, tmp_path / "wheels")
    [wheel] = (tmp_path / "wheels").glob("tinydb-*.whl")
    wheel.write_bytes(wheel.read_bytes() + b"\0")
    result = run("--wheels", tmp_path / "wheels", "--root", box)
    assert result.returncode != 0
    assert "tinydb" in result.stderr
    assert "HASH" in result.stderr.upper()
    assert (release_in_use(box), releases(box)) == before
