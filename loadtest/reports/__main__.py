"""`python -m loadtest.reports FIRST SECOND`: compare the reports (`report.json`) of two runs of one scenario.

It ends with 0 when each median differs by less than the bound, 1 when one differs by more or too little was measured,
and 2 when the runs cannot be compared.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from loadtest.measures.goals import GOALS
from loadtest.reports.comparison import BOUND, UnlikeRunsError, are_alike, compare, describe_comparison
from loadtest.reports.report import Report

_REFUSED: Final = 2
_WITH_GOALS: Final = frozenset(goal.measure for goal in GOALS)


def main(words: Sequence[str] | None = None) -> int:
    """Run the command and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m loadtest.reports", description=__doc__.partition("\n")[0])
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    parser.add_argument("--bound", type=float, default=BOUND, help="the part by which a p50 may differ (%(default)s)")
    parser.add_argument("--goals", action="store_true", help="only the measures that have a latency goal")
    arguments = parser.parse_args(words)
    try:
        first, second = (
            msgspec.json.decode(path.read_bytes(), type=Report) for path in (arguments.first, arguments.second)
        )
        compared = [each for each in compare(first, second) if not arguments.goals or each.name in _WITH_GOALS]
    except (OSError, msgspec.DecodeError, UnlikeRunsError) as error:
        print(f"loadtest: {error}", file=sys.stderr)
        return _REFUSED
    print("\n".join(describe_comparison(compared, arguments.bound)))
    return 0 if are_alike(compared, arguments.bound) else 1


if __name__ == "__main__":
    sys.exit(main())
