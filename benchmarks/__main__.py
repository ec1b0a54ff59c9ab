"""`python -m benchmarks [name …]` measures and prints tables; README.md explains them."""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from benchmarks.gateway import (
    fanout,
    heartbeats,
    memory,
    mixed_permissions,
    presences,
    rivals_fanout,
    slow_readers,
    spread,
)
from benchmarks.harness.processes import raise_file_limit
from benchmarks.harness.reports.machine import describe_machine
from benchmarks.harness.reports.results import FOLDER, read_results, write_readme, write_result
from benchmarks.harness.reports.tables import Result, render_text
from benchmarks.harness.run import Run
from benchmarks.routes import files, reactions, sends, unread
from benchmarks.server import cluster, large_guilds, latency, links, ready, restart, storm, through, workers
from benchmarks.voice import benchmark as voice

BENCHMARKS: Final[dict[str, Callable[[Run], Result]]] = {
    "fanout": fanout.run,
    "forms": fanout.run_wire_formats,
    "rivals": rivals_fanout.run,
    "heartbeats": heartbeats.run,
    "mixed": mixed_permissions.run,
    "slow": slow_readers.run,
    "spread": spread.run,
    "memory": memory.run,
    "storm": storm.run,
    "presences": presences.run,
    "ready": ready.run,
    "restart": restart.run,
    "large_guilds": large_guilds.run,
    "sends": sends.run,
    "latency": latency.run,
    "files": files.run,
    "unread": unread.run,
    "reactions": reactions.run,
    "cluster": cluster.run,
    "through": through.run,
    "link": links.run,
    "voice": voice.run,
    "workers": workers.run,
}
_TOOLS: Final = {"wrk": {"sends", "unread", "reactions"}}
"""The tools that only some benchmarks need. All need a C compiler."""


def main(arguments: list[str]) -> int:
    """Run the named benchmarks, or all, and return the exit status."""
    parser = _make_parser()
    chosen = parser.parse_args(arguments)
    if chosen.quick and chosen.write:
        parser.error("the figures of a quick run say nothing: they are not kept")
    if chosen.names == ["report"]:
        return _report()
    names = chosen.names or list(BENCHMARKS)
    if shutil.which("cc") is None:
        print("a C compiler (cc) is needed, and not installed", file=sys.stderr)
        return 2
    raise_file_limit()
    for name in names:
        missing = [tool for tool, users in _TOOLS.items() if name in users and shutil.which(tool) is None]
        if missing:
            print(f"{name} is left out: {', '.join(missing)} is not installed\n")
            continue
        result = measure(name, is_quick=chosen.quick)
        print(describe(result), flush=True)
        if chosen.write:
            write_result(result)
    return _report() if chosen.write else 0


def _make_parser() -> argparse.ArgumentParser:
    width = max(map(len, BENCHMARKS)) + 2
    names = "".join(f"  {name:{width}}{run.__doc__}\n" for name, run in BENCHMARKS.items())
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure, and print tables. Without a name all benchmarks run, for about a quarter of an hour.",
        epilog=f"names:\n{names}  {'report':{width}}Measure nothing; make README.md and pictures from kept results.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "names", nargs="*", choices=[*BENCHMARKS, "report", []], metavar="name", help="one of those below"
    )
    parser.add_argument(
        "--quick", action="store_true", help="measure a little, to see whether it works; no real figures"
    )
    parser.add_argument(
        "--write", action="store_true", help="keep the results; bring README.md and the pictures up to date"
    )
    return parser


def measure(name: str, *, is_quick: bool = False) -> Result:
    """Run one benchmark in a folder of its own."""
    started_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="guildway-bench-") as folder:
        result = BENCHMARKS[name](Run(folder=Path(folder), is_quick=is_quick))
    result.machine = describe_machine()
    result.took_s = round(time.monotonic() - started_s, 1)
    return result


def describe(result: Result) -> str:
    """Write a result for a terminal."""
    skipped = [f"left out: {reason}" for reason in result.skipped]
    ending = f"({result.name}: {result.deliveries:,} counted, {result.took_s:.0f} s)\n"
    return "\n".join([*(render_text(table) for table in result.tables), *skipped, ending])


def _report() -> int:
    try:
        from benchmarks.harness.reports.plot import write_plot  # noqa: PLC0415 - not installed for measuring
    except ImportError:
        print("pictures are left as they are: matplotlib is not installed (dependency group bench)", file=sys.stderr)
    else:
        for result in read_results().values():
            write_plot(result, FOLDER)
    write_readme()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
