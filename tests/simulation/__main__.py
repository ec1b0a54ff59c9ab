"""`make simulate`: runs seeds over the processors, and says of each failing one what was violated and how it came.

    python -m tests.simulation [--seeds N] [--first N] [--doors | --cluster | --workers] [--defect NAME] [--trace]

    --doors     simulates the doors of a cluster's channels, in place of the embedded server
    --cluster   simulates a whole cluster with one worker
    --workers   simulates a cluster with several workers, their links and the controller of the shards
    --trace     prints the whole trace (of one seed, or of few)
    --defect    plants a defect first (`tests.simulation.defects`), which seeds should find

Ends with 1 when a seed fails. The same seed gives the same trace, which its hash shows: Python's own hashes are fixed
(PYTHONHASHSEED=0), so the module starts itself again when they are not.
"""

import argparse
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tests.simulation.outcome import Outcome
from tests.simulation.parts import PARTS, run_part
from tests.support.stores.databases import MigratedDatabase

_SHOWN_FAILURES = 5
_SEEDS_A_PROCESS = 30
"""A process is replaced after so many: a seed of a cluster leaves some megabytes that are never freed."""
_FORKS = multiprocessing.get_context("forkserver")
"""A new process is a copy of one that has imported the parts, which would take each of them more than a second."""
_FORKS.set_forkserver_preload(["tests.simulation.parts"])
_SHOWN_VIOLATIONS = 10
_TOLD_SEEDS = 50
"""The number of seeds after which the command says how far it is."""


def main() -> int:
    """Run the seeds."""
    options = _parse()
    if os.environ.get("PYTHONHASHSEED") != "0":
        return subprocess.call(
            [sys.executable, "-m", "tests.simulation", *sys.argv[1:]], env={**os.environ, "PYTHONHASHSEED": "0"}
        )
    began_s = time.monotonic()
    failed: list[int] = []
    invalid_sessions = 0
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # it is a text file
    for number, outcome in enumerate(_run(options), 1):
        if number % _TOLD_SEEDS == 0:
            print(f"{number} seeds in {time.monotonic() - began_s:.0f} s, {len(failed)} failed")
        invalid_sessions += outcome.invalid_sessions
        if options.trace:
            print("\n".join(outcome.lines))
        if outcome.violations:
            failed.append(outcome.seed)
            if len(failed) <= _SHOWN_FAILURES:
                _show(outcome, options)
    took_s = time.monotonic() - began_s
    print(
        f"{options.seeds} seeds from {options.first} on in {took_s:.0f} s: {len(failed)} failed"
        f"{f' {failed}' if failed else ''}; op 9 was told {invalid_sessions} times"
    )
    return 1 if failed else 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--defect", choices=sorted(name for part in PARTS.values() for name in part.defects))
    parser.add_argument("--trace", action="store_true")
    parts = parser.add_mutually_exclusive_group()
    for part in ("doors", "cluster", "workers"):
        parts.add_argument(f"--{part}", dest="part", action="store_const", const=part, default="embedded")
    options = parser.parse_args()
    if options.defect:
        options.part = next(name for name, part in PARTS.items() if options.defect in part.defects)
    return options


def _run(options: argparse.Namespace) -> Iterator[Outcome]:
    with tempfile.TemporaryDirectory(prefix="guildway-simulation-") as folder:
        database = MigratedDatabase.make(Path(folder) / "migrated.db")
        seeds = range(options.first, options.first + options.seeds)
        run = partial(run_part, options.part, options.defect, database)
        if options.seeds == 1 or options.processes == 1:
            yield from map(run, seeds)
            return
        # The executor of concurrent.futures hangs in Python 3.11 when it replaces its processes.
        with _FORKS.Pool(options.processes, maxtasksperchild=_SEEDS_A_PROCESS) as pool:
            yield from pool.imap(run, seeds)


def _show(outcome: Outcome, options: argparse.Namespace) -> None:
    print(f"\nseed {outcome.seed} failed (trace {outcome.trace_hash}, {outcome.virtual_s:.0f} s of virtual time):")
    for violation in outcome.violations[:_SHOWN_VIOLATIONS]:
        print(f"  {violation}")
    if len(outcome.violations) > _SHOWN_VIOLATIONS:
        print(f"  … and {len(outcome.violations) - _SHOWN_VIOLATIONS} more")
    print("its trace, as far as it is about them:")
    for line in outcome.about:
        print(f"  {line}")
    kind = "" if options.part == "embedded" else f" --{options.part}"
    planted = f" --defect '{options.defect}'" if options.defect else ""
    print(f'alone: make simulate SEEDS=1 ARGS="--first {outcome.seed} --trace{kind}{planted}"\n')


if __name__ == "__main__":
    sys.exit(main())
