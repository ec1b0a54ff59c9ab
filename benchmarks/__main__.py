"""Prints the figures of benchmarks/README.md for this machine: `python -m benchmarks [name …]`."""

import shutil
import sys
from collections.abc import Callable
from typing import Final

from benchmarks import fanout, sends

_ALL: Final[dict[str, Callable[[], list[str]]]] = {"sends": sends.run, "fanout": fanout.run}


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all; the exit status."""
    unknown = set(names) - set(_ALL)
    if unknown:
        print(f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(_ALL)}", file=sys.stderr)
        return 2
    chosen = names or list(_ALL)
    for tool, user in (("wrk", "sends"), ("cc", "fanout")):
        if user in chosen and shutil.which(tool) is None:
            print(f"{user} needs {tool}, which is not installed", file=sys.stderr)
            return 2
    for name in chosen:
        print("\n".join(_ALL[name]()), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
