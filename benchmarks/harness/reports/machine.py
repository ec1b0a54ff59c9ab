"""The machine that the figures were measured on."""

import datetime as dt
import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Final

import msgspec

_PACKAGES: Final = ("guildway", "cython", "msgspec", "picows", "uvloop")


class Machine(msgspec.Struct, kw_only=True, frozen=True):
    """Processor, system and versions."""

    cpu: str
    cores: int
    memory_gib: float
    kernel: str
    python: str
    date: str
    """The date in UTC, by ISO 8601."""
    packages: dict[str, str]


def describe_machine() -> Machine:
    """Describe this machine, now."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Machine(
        cpu=_find_cpu(),
        cores=len(os.sched_getaffinity(0)),
        memory_gib=round(memory / 2**30, 1),
        kernel=platform.release().partition("-")[0],
        python=platform.python_version(),
        date=dt.datetime.now(dt.UTC).date().isoformat(),
        packages={name: version for name in _PACKAGES if (version := _find_version(name))},
    )


def _find_cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _find_version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""
