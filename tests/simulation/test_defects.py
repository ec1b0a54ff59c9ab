"""The simulation finds each planted defect within a bounded number of seeds."""

import pytest

from tests.simulation.parts import PARTS
from tests.support.databases import MigratedDatabase

_SEEDS = {"embedded": 200, "doors": 100, "cluster": 60}
"""The seeds within which a defect must be found. One of the doors takes a tenth of a second, the others half of one.
Most are found by the first ones; a cut before its dispatches takes 134."""


@pytest.mark.parametrize(("part", "name"), [(part, name) for part in PARTS for name in PARTS[part].defects])
def test_planted_defect_is_found(part: str, name: str, migrated_database: MigratedDatabase) -> None:
    for seed in range(_SEEDS[part]):
        if PARTS[part].run(seed, migrated_database, defect=name).violations:
            return
    pytest.fail("no seed has found it")
