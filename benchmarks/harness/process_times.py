"""The processor time of a process with its children, from /proc (Linux, proc_pid_stat(5)). Exact to a clock tick."""

import os
from pathlib import Path
from typing import Final

_TICKS_A_SECOND: Final = os.sysconf("SC_CLK_TCK")
_PARENT, _TIMES = 1, slice(11, 15)
"""The places, after the name of the program: the parent's id, and the ticks used by the process in user mode and in the
kernel, and by children that have ended.
"""


def read_tree_cpu_s(pid: int) -> float:
    """Return the seconds used by a process and all its descendants, those that have ended included."""
    stats = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                # The name of the program, in parentheses, may hold spaces.
                text = (folder / "stat").read_text(encoding="utf-8", errors="replace")
            except OSError:  # it has ended meanwhile
                continue
            stats[int(folder.name)] = text.rpartition(")")[2].split()
    ticks, found = 0, [pid]
    while found:
        one = found.pop()
        ticks += sum(map(int, stats[one][_TIMES])) if one in stats else 0
        found += [child for child, fields in stats.items() if int(fields[_PARENT]) == one]
    return ticks / _TICKS_A_SECOND
