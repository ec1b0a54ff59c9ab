"""`make fuzz`: every named target, or all, for a bounded time. atheris guides it by coverage where it is installed.

    python -m tests.fuzz [--blind] [--seconds N] [target …]

Inputs that reach new code are kept in `.fuzz/TARGET`. A failing input is written to `.fuzz` and named. Each target runs
in its own process: a fuzzer ends its process, and a kernel that crashes takes only that one with it.

`--blind` mutates seeds and kept inputs without coverage, since a sanitizer takes the place of atheris's instruments.
"""

import argparse
import importlib.util
import random
import subprocess
import sys
import time
from itertools import chain
from pathlib import Path

_FOLDER = Path(".fuzz")
_INSTRUMENTED = ["core_ext", "gateway", "core", "voice", "tests.models"]
_MOST_BYTES = 2048
_INPUTS_BETWEEN_CLOCKS = 200


def run_with_atheris(name: str, seconds: int) -> None:
    """Fuzz one target, and end this process."""
    import atheris

    with atheris.instrument_imports(include=_INSTRUMENTED):
        from tests.fuzz.targets import TARGETS
    options = [
        f"-max_total_time={seconds}",
        f"-max_len={_MOST_BYTES}",
        f"-artifact_prefix={_FOLDER}/{name}-",
        "-verbosity=0",
    ]
    atheris.Setup([sys.argv[0], *options, "-print_final_stats=1", str(_FOLDER / name)], TARGETS[name])
    atheris.Fuzz()


def run_plainly(name: str, seconds: int) -> None:
    """Try the seeds and the kept inputs as they are, and then mutate them for so long."""
    from tests.fuzz.mutation import mutations
    from tests.fuzz.seeds import make_seeds
    from tests.fuzz.targets import TARGETS

    ends_s = time.monotonic() + seconds
    known = [*make_seeds()[name], *(path.read_bytes() for path in sorted((_FOLDER / name).iterdir()))]
    for count, data in enumerate(chain(known, mutations(known, random.Random()))):
        if count % _INPUTS_BETWEEN_CLOCKS == 0 and time.monotonic() > ends_s:
            print(f"{count} inputs")
            return
        try:
            TARGETS[name](data)
        except Exception:
            (_FOLDER / f"{name}-failed").write_bytes(data)
            raise


def fuzz_all(names: list[str], seconds: int, *, is_blind: bool) -> int:
    """Run each target in its process. Return the number of failures."""
    from tests.fuzz.seeds import make_seeds, write_seeds

    seeds = make_seeds()
    failed = 0
    for name in names or list(seeds):
        write_seeds(_FOLDER / name, seeds[name])
        print(f"== {name}, {seconds} s", flush=True)
        options = ["--child", *(["--blind"] if is_blind else [])]
        command = [sys.executable, "-m", "tests.fuzz", *options, "--seconds", str(seconds), name]
        failed += subprocess.run(command, check=False).returncode != 0
    return failed


def main() -> int:
    """Run the command line. Return 1 when a target failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Fuzz what reads clients' bytes.")
    parser.add_argument("targets", nargs="*")
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--blind", action="store_true", help="look at no coverage")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    has_atheris = importlib.util.find_spec("atheris") is not None
    if arguments.child:
        run = run_with_atheris if has_atheris and not arguments.blind else run_plainly
        run(arguments.targets[0], arguments.seconds)  # atheris sees what is imported after it alone
        return 0
    from tests.fuzz.seeds import make_seeds

    if not has_atheris:
        print("atheris is not installed (it has no build for this machine): seeds are mutated without coverage.")
    unknown = sorted(set(arguments.targets) - make_seeds().keys())
    if unknown:
        parser.error(f"no target {', '.join(unknown)}; there are {', '.join(sorted(make_seeds()))}")
    return 1 if fuzz_all(arguments.targets, arguments.seconds, is_blind=arguments.blind) else 0


if __name__ == "__main__":
    sys.exit(main())
