"""The simulation finds each planted defect within a bounded number of seeds."""

import pytest

from tests.simulation.defects import DEFECTS
from tests.simulation.run import run_seed
from tests.support.databases import MigratedDatabase


@pytest.mark.parametrize("name", DEFECTS)
def test_planted_defect_is_found(name: str, migrated_database: MigratedDatabase) -> None:
    for seed in range(DEFECTS[name].seeds):
        if run_seed(seed, migrated_database, defect=name).violations:
            return
    pytest.fail(f"no seed of {DEFECTS[name].seeds} has found it")
