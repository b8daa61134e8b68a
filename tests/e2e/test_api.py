"""The HTTP API of a running gateway: by its document, under thousands of strange requests."""

import asyncio
import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.e2e import daemon
from tests.e2e.daemon import Site, issue
from tests.e2e.mosquitto import free_port

DOCS = Path(__file__).parents[2] / "docs"
NEVER_ENDING = "/api/(stream|display)"
SEED = "7"

# The manager may do most, so each boundary of each schema is tried as one; of the rest that nothing
# opens to them, and that nothing they may do breaks.
ROLES = {
    "manager": ("--phases", "coverage,fuzzing", "-n", "1"),
    "officer": ("--phases", "fuzzing", "-n", "1"),
    "technician": ("--phases", "fuzzing", "-n", "1"),
    "auditor": ("--phases", "fuzzing", "-n", "1"),
    "display": ("--phases", "fuzzing", "-n", "1"),
}


def desk(port: int) -> str:
    return f'[desk]\nlisten = "127.0.0.1:{port}"\n[policy]\nunknown_holder = "refer"\n'


def make_token(site: Site, role: str) -> str:
    lane = {"lane": "lane-1"} if role == "display" else {}
    answer = site.ask(do="user_token", label=f"program-{role}", role=role, **lane)
    assert answer["ok"], answer
    return answer["token"]


@pytest.mark.slow
@pytest.mark.timeout(300)  # Half a minute of processor, of which this machine may have little.
async def test_schemathesis_finds_nothing(tmp_path, monkeypatch):
    """No 5xx; statuses, media types and answers as documented; what is invalid is refused."""
    monkeypatch.setattr(daemon, "MODULE", "tests.e2e.unhurried")
    port = free_port()
    async with Site(tmp_path, settings=desk(port)) as site:
        await site.pass_through(issue("1001"))
        await site.show("CARD-NOBODY")
        for role, options in ROLES.items():
            code, said = await schemathesis(tmp_path, port, make_token(site, role), *options)
            assert code == 0, f"as {role}:\n{said}"
        assert await site.show("CARD-NOBODY")  # The gate has not even noticed.
        assert not site.log("Error handling request")


async def schemathesis(folder: Path, port: int, token: str, *options: str) -> tuple[int, str]:
    program = shutil.which("st", path=str(Path(sys.executable).parent))
    assert program, "requirements-dev has schemathesis"
    command = (
        "run",
        str(DOCS / "openapi.json"),
        *("--url", f"http://127.0.0.1:{port}"),
        *("--header", f"Authorization: Bearer {token}"),
        *("--exclude-path-regex", NEVER_ENDING),
        *("--seed", SEED, "--warnings", "off", "--no-color", "--continue-on-failure"),
        *options,
    )
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        program, *command, cwd=folder, stdout=pipe, stderr=asyncio.subprocess.STDOUT
    )
    out, _ = await process.communicate()
    return process.returncode, out.decode()


async def test_the_examples_of_the_page_work_as_they_stand(tmp_path):
    """docs/api.md: every block of `sh` is run, and answers what the page says below it."""
    port = free_port()
    page = (DOCS / "api.md").read_text()
    blocks = re.findall(r"```sh\n(.*?)```\n\n(?:```json\n(.*?)```)?", page, re.DOTALL)
    assert blocks
    async with Site(tmp_path, settings=desk(port)) as site:
        await site.show("CARD-NOBODY")
        token = make_token(site, "manager")
        for command, told in blocks:
            said = await shell(tmp_path, command, port, token)
            for word in re.findall(r'"[a-z_]+":', told):
                assert word in said, (command, said)


async def shell(folder: Path, command: str, port: int, token: str) -> str:
    """Run a block of the page with our port and token in it."""
    script = command.replace("127.0.0.1:8080", f"127.0.0.1:{port}")
    (folder / "token").write_text(f"{token}\n")
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        "bash", "-euo", "pipefail", "-c", script, cwd=folder, stdout=pipe, stderr=pipe
    )
    out, error = await process.communicate()
    assert process.returncode == 0, (script, error.decode(), out.decode())
    return out.decode()
