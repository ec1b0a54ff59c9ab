"""One seed of the doors from its beginning to its verdict."""

from contextlib import nullcontext

from tests.simulation.defects import planted
from tests.simulation.doors.check import find_violations
from tests.simulation.doors.run import DoorsRun
from tests.simulation.outcome import Outcome, logged_to, quiet_collector
from tests.simulation.world.world import Stuck


def run_doors_seed(seed: int, *, defect: str | None = None) -> Outcome:
    """Run one seed, with a planted defect if one is named."""
    with planted(defect) if defect else nullcontext(), quiet_collector():
        return _play(seed)


def _play(seed: int) -> Outcome:
    run = DoorsRun(seed)
    violations: list[str] = []
    with logged_to(run.world):
        try:
            run.play()
        except Stuck as stuck:
            violations.append(f"stuck: {stuck}")
    trace = run.world.trace
    violations = [*violations, *trace.faults, *find_violations(run)]
    trace.close()
    run.world.close()
    return Outcome(
        seed=seed,
        violations=violations,
        trace_hash=trace.hash,
        lines=trace.lines,
        about=trace.about(violations),
        handles=run.world.handles,
        virtual_s=run.world.now_s,
        invalid_sessions=0,
    )
