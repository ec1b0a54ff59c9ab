"""The simulation finds each planted defect within a bounded number of seeds."""

import pytest

from tests.simulation.defects import DEFECTS
from tests.simulation.doors.seed import run_doors_seed
from tests.simulation.run import run_seed
from tests.support.databases import MigratedDatabase

_SEEDS = 30
_DOORS_SEEDS = 100
"""The seeds within which a defect must be found. One of the doors takes a tenth of a second."""


@pytest.mark.parametrize("name", DEFECTS)
def test_planted_defect_is_found(name: str, migrated_database: MigratedDatabase) -> None:
    is_of_doors = DEFECTS[name].is_of_doors
    for seed in range(_DOORS_SEEDS if is_of_doors else _SEEDS):
        outcome = run_doors_seed(seed, defect=name) if is_of_doors else run_seed(seed, migrated_database, defect=name)
        if outcome.violations:
            return
    pytest.fail("no seed has found it")
