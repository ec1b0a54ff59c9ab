"""The names of a worker's lives, as leases and the shard map name them: `worker-1-5f0c….2`.

The first part is the worker's name, which stays. Then comes what names this life of its process, and last the number of
the lease in it: a process that has lost its lease goes on as the next incarnation.
"""

import re
from typing import Final

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
"""The map keeps an owner between spaces, and a drained worker is named on a command line."""


def is_name(name: str) -> bool:
    """Tell whether a worker may have this name."""
    return _NAME.fullmatch(name) is not None


def incarnation_of(process: str, number: int) -> str:
    """Return an incarnation. `process` is the worker's name, a hyphen, and what names this life of its process."""
    return f"{process}.{number}"


def process_of(incarnation: str) -> str:
    """Return the life of the process that an incarnation belongs to."""
    return incarnation.rpartition(".")[0]


def name_of(incarnation: str) -> str:
    """Return the name of the worker; a process's own name, without the number, will do."""
    return incarnation.rpartition("-")[0]
