"""The processor time and the memory of processes, from /proc (Linux, proc_pid_stat(5))."""

import os
from pathlib import Path
from typing import Final

_TICKS_A_SECOND: Final = os.sysconf("SC_CLK_TCK")
_PARENT, _OWN_TIMES, _TIMES = 1, slice(11, 13), slice(11, 15)
"""The places, after the name of the program: the parent's id, and the ticks used by the process in user mode and in the
kernel, and by children that have ended.
"""


def read_cpu_s(pid: int) -> float:
    """Return the seconds used by a process alone. Raises OSError when there is none."""
    fields = _split(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace"))
    return sum(map(int, fields[_OWN_TIMES])) / _TICKS_A_SECOND


def read_tree_cpu_s(pid: int) -> float:
    """Return the seconds used by a process and all its descendants, those that have ended included."""
    stats = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                text = (folder / "stat").read_text(encoding="utf-8", errors="replace")
            except OSError:  # it has ended meanwhile
                continue
            stats[int(folder.name)] = _split(text)
    ticks, found = 0, [pid]
    while found:
        one = found.pop()
        ticks += sum(map(int, stats[one][_TIMES])) if one in stats else 0
        found += [child for child, fields in stats.items() if int(fields[_PARENT]) == one]
    return ticks / _TICKS_A_SECOND


def read_rss_bytes(pid: int) -> int:
    """Return the resident memory of a process. Raises OSError when there is none."""
    return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _split(stat: str) -> list[str]:
    """Return what follows the name of the program, which stands in parentheses and may hold spaces."""
    return stat.rpartition(")")[2].split()
