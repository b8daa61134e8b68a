"""The core of the C controller fits a small chip: no allocation, no OS, little flash and memory."""

import subprocess

import pytest

from tests.unit.c_controller import SOURCE

# The first of them builds the controller, on a machine that may have other work.
pytestmark = [pytest.mark.compiler, pytest.mark.timeout(120)]

MAY_CALL = frozenset({"memcpy", "memmove", "memcmp", "memset", "strlen", "__assert_fail"})
BOARD = frozenset(
    f"gl_hal_{name}"
    for name in (
        "uart_read",
        "uart_write",
        "clock_ms",
        "random",
        "store_read",
        "store_write",
        "relay",
        "signal",
        "sensor",
    )
)
FLASH_SIZE_MAX = 16 * 1024
"""On a chip with Thumb code it takes 11 kB; x86 is wider."""

DEVICE_SIZE_MAX = 4 * 1024


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> str:
    build = tmp_path_factory.mktemp("core")
    flags = "-Os -DNDEBUG -fno-stack-protector -fno-asynchronous-unwind-tables"
    make = ["make", "-s", "-C", str(SOURCE), f"BUILD={build}", f"CFLAGS={flags}", "core"]
    said = subprocess.run(make, capture_output=True, text=True, check=False)
    assert (said.returncode, said.stderr) == (0, "")
    return str(build / "libgatelink.a")


def lines_of(*command: str) -> list[str]:
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    return said.stdout.splitlines()


def test_the_core_calls_the_board_and_nothing_else(library: str) -> None:
    defined = {
        line.split()[0] for line in lines_of("nm", "-P", "--defined-only", library) if " " in line
    }
    wanted = {line.split()[0] for line in lines_of("nm", "-P", "-u", library) if " U" in line}
    called = wanted - defined - {"_GLOBAL_OFFSET_TABLE_"}
    assert called <= MAY_CALL | BOARD
    assert called >= BOARD


def test_the_core_keeps_nothing_of_its_own(library: str) -> None:
    """All that changes is in the gl_device that the port gives it."""
    sizes = [line.split() for line in lines_of("size", library)[1:]]
    assert [
        (name, data, bss) for _, data, bss, _, _, name, *_ in sizes if (data, bss) != ("0", "0")
    ] == []
    assert sum(int(text) for text, *_ in sizes) < FLASH_SIZE_MAX


def test_a_device_is_small(library: str, tmp_path) -> None:
    source = tmp_path / "device.c"
    source.write_text('#include "gatelink.h"\nchar device[sizeof(gl_device)];\n')
    compiled = tmp_path / "device.o"
    subprocess.run(
        ["cc", "-std=c99", f"-I{SOURCE / 'core'}", "-c", source, "-o", compiled], check=True
    )
    (line,) = lines_of("nm", "-P", str(compiled))
    assert int(line.split()[3], 16) < DEVICE_SIZE_MAX
