"""A Debian box with systemd for a test, and the site at it: devices outside, gatewayd inside."""

import os
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Self

from tests.e2e.daemon import Site, until
from tests.e2e.eventually import PATIENCE_S

SCRIPT = Path(__file__).with_name("debian_box.sh")
INSIDE = Path("/srv/box")
"""Where the box has the folder of the test."""
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
_ALL_OF_IT = ("-m", "-u", "-i", "-p", "-C", "-r", "-w")


# What the box begins with; some sandboxes allow none of it, whoever is root in them.
_PROBE = """
mkdir probe && mount -t tmpfs tmpfs probe && cd probe && mkdir up work root &&
mount -t overlay overlay -o lowerdir=/,upperdir=up,workdir=work root
"""


def is_allowed(folder: Path) -> bool:
    """Tell whether this machine lets us make namespaces and mount an overlay in them."""
    command = ["unshare", "--mount", "--pid", "--uts", "--ipc", "--cgroup", "--fork", "sh", "-c"]
    with suppress(FileNotFoundError):
        made = subprocess.run([*command, _PROBE], cwd=folder, capture_output=True, check=False)
        return made.returncode == 0
    return False


class Box:
    """Used as `with Box(folder) as box`. Nothing of the machine around it changes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> Self:
        self.folder.chmod(0o755)  # The gateway's user finds the ttys in it.
        with (self.folder / "errors").open("w") as errors:
            self._outer = subprocess.Popen(
                [SCRIPT, self.folder], stdout=subprocess.DEVNULL, stderr=errors
            )
        deadline_s = time.monotonic() + PATIENCE_S
        while self._try("systemctl", "is-system-running").stdout.strip() != "running":
            assert self._outer.poll() is None, (self.folder / "errors").read_text()
            assert time.monotonic() < deadline_s, (self.folder / "console").read_text()
            time.sleep(0.05)
        return self

    def __exit__(self, *_: object) -> None:
        self._outer.kill()
        self._outer.wait()
        for line in (self.folder / "cgroups").read_text().splitlines():
            _remove(Path(line))

    @property
    def first_process(self) -> int:
        children = Path(f"/proc/{self._outer.pid}/task/{self._outer.pid}/children").read_text()
        return int(children.split()[0])

    @property
    def root(self) -> Path:
        """The root of the box, from outside."""
        return Path(f"/proc/{self.first_process}/root")

    def run(self, *command: object, code: int = 0) -> str:
        """Run a command in it, as root; return what it says. It has to end with `code`."""
        ended = self._try(*command)
        assert ended.returncode == code, f"{command}\n{ended.stdout}\n{self.log()}"
        return ended.stdout

    def _try(self, *command: object) -> subprocess.CompletedProcess[str]:
        try:
            target = str(self.first_process)
        except (FileNotFoundError, IndexError):
            return subprocess.CompletedProcess([], -1, "", "")
        return subprocess.run(
            [
                "nsenter",
                "--target",
                target,
                *_ALL_OF_IT,
                "--",
                *map(str, command),
            ],
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def log(self) -> str:
        return self._try("journalctl", "--no-pager", "-o", "cat", "-n", "200").stdout

    def show(self, unit: str, name: str) -> str:
        return self.run("systemctl", "show", "--value", "-p", name, unit).strip()


def _remove(place: Path) -> None:
    """Remove a control group and those below, when the kernel is done with their processes."""
    deadline_s = time.monotonic() + PATIENCE_S
    while place.exists() and time.monotonic() < deadline_s:
        for group, _, _ in os.walk(place, topdown=False):
            with suppress(OSError):
                Path(group).rmdir()
        time.sleep(0.02)


class BoxSite(Site):
    """A site whose gateway is the unit of the package in a box.

    Its devices are ttys outside, which the unit may only use with one more line.
    """

    def __init__(self, box: Box, folder: Path, settings: str = "") -> None:
        super().__init__(folder, settings=settings)
        self.box = box
        etc = box.root / "etc/gatewayd"
        text = self.settings.read_text().replace('directory = "s"\n', "")
        place = INSIDE / folder.relative_to(box.folder)
        (etc / "gatewayd.toml").write_text(text.replace(str(folder), str(place)))
        for name in ("cards.csv", "trust/test.jwks.json", "lane-1.psk"):
            (etc / name).write_text((folder / name).read_text())
            (etc / name).chmod(0o640)
        drop_in = box.root / "etc/systemd/system/gatewayd.service.d"
        drop_in.mkdir(parents=True)
        (drop_in / "ttys.conf").write_text("[Service]\nDeviceAllow=char-pts rw\n")

    @property
    def state(self) -> Path:
        return self.box.root / "var/lib/gatewayd"

    @state.setter
    def state(self, _: Path) -> None:
        """It is where the package puts it."""

    async def start(self, **_: str) -> None:
        ports = [self.folder / name for name in ("lane-1/left", "lane-1-entry", "lane-1-exit")]
        await until(lambda: all(port.exists() for port in ports))
        for port in ports:
            port.resolve().chmod(0o666)
        self.box.run("systemctl", "start", "gatewayd")
        await until(self.is_ready)

    async def __aexit__(self, *error: object) -> None:
        if error[0] is not None:
            print(self.box.log())
        await self._stack.__aexit__(*error)

    def is_ready(self) -> bool:
        return all(
            lane["linked"] for lane in self.status().get("lanes", {"": {"linked": False}}).values()
        )

    def kill(self) -> None:
        """The box ends it."""
