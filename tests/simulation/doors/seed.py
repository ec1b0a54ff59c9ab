"""One seed of the doors from its beginning to its verdict."""

from tests.simulation.doors.check import find_violations
from tests.simulation.doors.run import DoorsRun
from tests.simulation.outcome import Outcome, logged_to, quiet_collector
from tests.simulation.world.world import Stuck
from tests.support.stores.databases import MigratedDatabase


def run_doors_seed(seed: int, _database: MigratedDatabase | None = None) -> Outcome:
    """Run one seed. It has no database."""
    with quiet_collector():
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
