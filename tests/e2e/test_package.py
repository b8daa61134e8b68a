"""The Debian package: built, installed on a box with systemd, run, upgraded, taken away."""

import fcntl
import json
import shutil
import signal
import subprocess
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.e2e.daemon import issue, until
from tests.e2e.debian_box import Box, BoxSite, is_allowed
from tests.e2e.pages import free_port

pytestmark = [pytest.mark.debian, pytest.mark.slow, pytest.mark.timeout(600)]

SCRIPT = Path(__file__).parents[2] / "scripts" / "package"
OLD = "0.0.9"

PROBE = """\
import ctypes, json, os, pathlib

def fails(call, *arguments):
    try:
        call(*arguments)
    except OSError as error:
        return error.strerror
    return ""

found = {
    "adjtimex": ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512)),
    "settings": fails(open, "/etc/gatewayd/gatewayd.toml"),
    "change of settings": fails(open, "/etc/gatewayd/gatewayd.toml", "a"),
    "change of the program": fails(open, "/usr/lib/gatewayd/pyvenv.cfg", "a"),
    "another device": fails(open, "/dev/probe", "wb"),
    "a kernel's knob": fails(open, "/proc/sys/kernel/hostname", "w"),
    "capabilities": [
        line.split()[1]
        for line in pathlib.Path("/proc/self/status").read_text().splitlines()
        if line.startswith(("CapEff", "CapBnd"))
    ],
    "groups": len(os.getgroups()),
}
pathlib.Path("/var/lib/gatewayd/probe.json").write_text(json.dumps(found))
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory, worker_id):
    """The package; built once for all workers of a test run."""
    folder = tmp_path_factory.getbasetemp()
    shared = (folder if worker_id == "master" else folder.parent) / "package"
    shared.mkdir(exist_ok=True)
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not list(shared.glob("gatewayd_*.deb")):
            ended = subprocess.run(
                [SCRIPT, "--into", shared], capture_output=True, text=True, check=False
            )
            assert ended.returncode == 0, ended.stderr
    [built] = shared.glob("gatewayd_*.deb")
    return built


def older(package, folder):
    """Make the package of a release before: another number, told by the program too."""
    tree = folder / "older"
    subprocess.run(["dpkg-deb", "-R", package, tree], check=True)
    control = tree / "DEBIAN/control"
    version = version_of(package)
    control.write_text(control.read_text().replace(f"Version: {version}", f"Version: {OLD}"))
    [program] = tree.glob("usr/lib/gatewayd/lib/*/site-packages/gatewayd")
    init = program / "__init__.py"
    init.write_text(init.read_text().replace(version, OLD))
    [compiled] = program.glob("__pycache__/__init__.*")
    compiled.unlink()
    made = folder / "older.deb"
    command = ["dpkg-deb", "--root-owner-group", "-Znone", "--build", tree, made]
    subprocess.run(command, check=True, capture_output=True)
    shutil.rmtree(tree)
    return made


def version_of(package):
    return subprocess.run(
        ["dpkg-deb", "-f", package, "Version"], check=True, capture_output=True, text=True
    ).stdout.strip()


def inside_of(box, package):
    """Bring a package into the box; return where it is there."""
    target = box.folder / package.name
    if not target.exists():
        shutil.copy(package, target)
    return f"/srv/box/{package.name}"


def install(box, package):
    return box.run("dpkg", "--install", inside_of(box, package))


def drop_in(box, text):
    folder = box.root / "etc/systemd/system/gatewayd.service.d"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "test.conf").write_text(f"[Service]\n{text}\n")
    box.run("systemctl", "daemon-reload")


@pytest.fixture
def box(tmp_path):
    if not is_allowed(tmp_path):
        pytest.skip("no namespaces or overlays in this sandbox: nothing can be installed apart")
    with Box(tmp_path) as box:
        yield box


def test_the_package_is_whole_belongs_to_root_and_names_no_place_of_its_making(package):
    listed = subprocess.run(
        ["dpkg-deb", "-c", package], check=True, capture_output=True, text=True
    ).stdout.splitlines()
    assert len(listed) > 1000
    assert {line.split()[1] for line in listed} == {"root/root"}
    assert not [line for line in listed if "s" in line[:10] or (line[8] == "w" and line[0] != "l")]
    assert not [line for line in listed if "direct_url" in line]
    paths = {line.split(maxsplit=5)[5] for line in listed}
    shipped = {
        "./usr/share/bash-completion/completions/gatewayd",
        "./usr/share/zsh/vendor-completions/_gatewayd",
        "./usr/share/fish/vendor_completions.d/gatewayd.fish",
        "./usr/share/man/man1/gatewayd.1.gz",
        "./usr/lib/udev/rules.d/61-gatewayd.rules",
        "./usr/lib/systemd/system/gatewayd-backup.timer",
        "./usr/share/doc/gatewayd/operations.md",
    }
    assert shipped <= paths
    assert len({tuple(line.split()[3:5]) for line in listed}) == 1, "all of one moment, not of now"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--frob"], "unknown option --frob; see --help"),
        (["--arch"], "--arch needs a value; see --help"),
        (["--arch", "armhf"], "amd64 and arm64, not on armhf"),
    ],
)
def test_misuse_is_answered_with_a_sentence(words, said):
    ended = subprocess.run([SCRIPT, *words], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert said in ended.stderr


async def test_people_pass_at_a_gateway_that_systemd_keeps_in_its_place(package, box, tmp_path):
    assert "made /etc/gatewayd/gatewayd.toml from an example" in install(box, package)
    assert "psk_file: expected a file" in box.run("gatewayd", "check", code=2)
    box.run("systemctl", "start", "gatewayd", code=1)
    assert box.show("gatewayd", "NRestarts") == "0", "bad settings are not tried again"
    assert box.run("systemd-analyze", "verify", "--man=no", "gatewayd.service") == ""

    (tmp_path / "site").mkdir()
    (tmp_path / "probe.py").write_text(PROBE)
    port = free_port()
    site = BoxSite(box, tmp_path / "site", f'[desk]\nlisten = "127.0.0.1:{port}"\n')
    box.run("mknod", "-m", "666", "/dev/probe", "c", "1", "11")  # The kernel's log.
    drop_in(box, "WatchdogSec=2\nExecStartPre=/usr/lib/gatewayd/bin/python3 -I /srv/box/probe.py")
    async with site:
        probed = json.loads((site.state / "probe.json").read_text())
        assert probed.pop("adjtimex") >= 0, "whether NTP keeps the clock may be asked"
        assert probed == {
            "settings": "",
            "change of settings": "Permission denied",
            "change of the program": "Permission denied",
            "another device": "Operation not permitted",
            "a kernel's knob": "Read-only file system",
            "capabilities": ["0" * 16] * 2,
            "groups": 2,
        }
        site.lane.scan(issue("1001"))
        await until(lambda: site.inside() == 1)

        with urlopen(f"http://127.0.0.1:{port}/") as page:
            assert b"<html" in page.read()

        warnings = box.run("journalctl", "-u", "gatewayd", "-p", "warning", "-o", "cat")
        assert "look_at_this" in warnings
        assert '"event": "started"' not in warnings

        assert "in force: policy" in box.run("gatewayd", "reload")
        box.run("systemctl", "reload", "gatewayd")
        for end in (signal.SIGKILL, signal.SIGSTOP):  # It dies; it stands still.
            before = box.show("gatewayd", "MainPID")
            box.run("kill", f"-{end.value}", before)
            await until(
                lambda before=before: (
                    box.show("gatewayd", "MainPID") not in (before, "0") and site.is_ready()
                )
            )
            assert site.inside() == 1
        assert box.show("gatewayd", "NRestarts") == "2"
        assert "Fatal Python error: Aborted" in box.log(), "where each thread stood"
        await backed_up_and_restored(box, site)


async def backed_up_and_restored(box, site):
    box.run("systemctl", "start", "gatewayd-backup")
    [backup] = (box.root / "var/backups/gatewayd").iterdir()
    assert backup.stat().st_mode & 0o777 == 0o600
    box.run("systemctl", "enable", "gatewayd")
    wanted = box.root / "etc/systemd/system/gatewayd.service.wants/gatewayd-backup.timer"
    assert wanted.is_symlink()

    box.run("systemctl", "stop", "gatewayd")
    box.run("mv", "/var/lib/gatewayd", "/var/lib/gatewayd.old")
    box.run("install", "-d", "-o", "gatewayd", "-m", "750", "/var/lib/gatewayd")
    box.run("gatewayd", "restore", f"/var/backups/gatewayd/{backup.name}")
    box.run("systemctl", "start", "gatewayd")
    await until(site.is_ready)
    assert site.inside() == 1


async def test_an_upgrade_keeps_all_and_a_purge_keeps_the_backups(package, box, tmp_path):
    old = older(package, tmp_path)
    install(box, old)
    (tmp_path / "site").mkdir()
    site = BoxSite(box, tmp_path / "site")
    new_version = version_of(package)
    settings = box.root / "etc/gatewayd/gatewayd.toml"
    box.run("systemctl", "daemon-reload")
    async with site:
        site.lane.scan(issue("1001"))
        await until(lambda: site.inside() == 1)
        assert site.status()["version"] == OLD

        mine = settings.read_text()
        settings.write_text(f"{mine}[nonsense]\n")
        told = install(box, package)
        assert "nonsense" in told
        assert "the release before goes on in memory" in told
        assert (site.status()["version"], site.inside()) == (OLD, 1)

        settings.write_text(mine)
        install(box, package)
        await until(site.is_ready)
        assert (site.status()["version"], site.inside()) == (new_version, 1)
        assert settings.read_text() == mine

        conf = box.root / "etc/gatewayd/backup.conf"
        conf.write_text(conf.read_text().replace("--keep 14", "--keep 7"))
        install(box, old)
        await until(site.is_ready)
        assert (site.status()["version"], site.inside()) == (OLD, 1)
        assert "--keep 7" in conf.read_text()

        box.run("systemctl", "start", "gatewayd-backup")
        box.run("dpkg", "--remove", "gatewayd")
        assert not (box.root / "usr/bin/gatewayd").exists()
        assert not list((box.root / "usr/lib").glob("gatewayd*"))
        assert settings.read_text() == mine
        assert (site.state / "journal.db").exists()
        assert "backups stay in /var/backups/gatewayd" in box.run("dpkg", "--purge", "gatewayd")
        assert not settings.parent.exists()
        assert not site.state.exists()
        assert len(list((box.root / "var/backups/gatewayd").iterdir())) == 1
