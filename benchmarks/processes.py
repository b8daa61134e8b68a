"""Processes of this machine: what they use of it, and which of them go first."""

import os
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """Return what the process has used of the processor, all its threads together."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def memory_mib(pid: int) -> dict[str, float]:
    """Return what it has in memory: `rss`, and `pss`, in which what is shared counts in parts."""
    found = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        name, _, rest = line.partition(":")
        if name in {"Rss", "Pss"}:
            found[name.lower()] = int(rest.split()[0]) / 1024
    return found


def go_first() -> None:
    """Run this process, and all that it starts, before everything else; needs rights.

    For a machine that others use meanwhile: a negative `nice` counts only within a session.
    """
    os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
