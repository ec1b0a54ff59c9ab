"""The parts of the simulation: how a seed of each is run, and the defects that it finds."""

from collections.abc import Mapping
from typing import Final, Protocol

import msgspec

from tests.simulation.cluster.run import run_cluster_seed
from tests.simulation.defects import cluster_defects, doors_defects, embedded_defects, workers_defects
from tests.simulation.defects.planting import Defect, planted
from tests.simulation.doors.seed import run_doors_seed
from tests.simulation.outcome import Outcome
from tests.simulation.run import run_seed
from tests.simulation.workers.run import run_workers_seed
from tests.support.stores.databases import MigratedDatabase


class RunSeed(Protocol):
    """Runs a seed, on a copy of the migrated database where the part has one."""

    def __call__(self, seed: int, database: MigratedDatabase, /) -> Outcome: ...


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One part."""

    run_seed: RunSeed
    defects: Mapping[str, Defect]

    def run(self, seed: int, database: MigratedDatabase, *, defect: str | None = None) -> Outcome:
        """Run a seed, with a planted defect if one is named."""
        with planted(self.defects, defect):
            return self.run_seed(seed, database)


PARTS: Final[Mapping[str, Part]] = {
    "embedded": Part(run_seed=run_seed, defects=embedded_defects.DEFECTS.by_name),
    "doors": Part(run_seed=run_doors_seed, defects=doors_defects.DEFECTS.by_name),
    "cluster": Part(run_seed=run_cluster_seed, defects=cluster_defects.DEFECTS.by_name),
    "workers": Part(run_seed=run_workers_seed, defects=workers_defects.DEFECTS.by_name),
}


def run_part(part: str, defect: str | None, database: MigratedDatabase, seed: int) -> Outcome:
    """Run a seed of a part by its name, as another process can be told to."""
    return PARTS[part].run(seed, database, defect=defect)
