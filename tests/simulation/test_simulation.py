"""The simulation itself: some seeds are clean, and a seed always gives the same trace.

`make simulate` runs many seeds; continuous integration runs hundreds.
"""

import subprocess
import sys

import pytest

from tests.simulation.cluster.run import run_cluster_seed
from tests.simulation.doors.seed import run_doors_seed
from tests.simulation.run import run_seed
from tests.simulation.workers.run import run_workers_seed
from tests.support.stores.databases import MigratedDatabase


@pytest.mark.parametrize("seed", range(4))
def test_seed_violates_nothing(seed: int, migrated_database: MigratedDatabase) -> None:
    outcome = run_seed(seed, migrated_database)
    assert not outcome.violations, "\n".join([*outcome.violations, *outcome.about])


def test_same_seed_gives_the_same_trace(migrated_database: MigratedDatabase) -> None:
    assert run_seed(1, migrated_database).lines == run_seed(1, migrated_database).lines


def test_other_seeds_give_other_traces(migrated_database: MigratedDatabase) -> None:
    assert run_seed(1, migrated_database).trace_hash != run_seed(2, migrated_database).trace_hash


def test_doors_are_clean_and_give_the_same_trace() -> None:
    outcomes = [run_doors_seed(seed) for seed in range(20)]
    assert [violation for outcome in outcomes for violation in outcome.violations] == []
    assert run_doors_seed(3).lines == outcomes[3].lines


def test_clusters_are_clean_and_give_the_same_trace(migrated_database: MigratedDatabase) -> None:
    outcomes = [run_cluster_seed(seed, migrated_database) for seed in range(6)]
    assert [violation for outcome in outcomes for violation in outcome.violations] == []
    assert run_cluster_seed(3, migrated_database).lines == outcomes[3].lines


@pytest.mark.timeout(600)
def test_workers_are_clean_and_give_the_same_trace(migrated_database: MigratedDatabase) -> None:
    outcomes = [run_workers_seed(seed, migrated_database) for seed in range(2)]
    assert [violation for outcome in outcomes for violation in outcome.violations] == []
    assert run_workers_seed(1, migrated_database).lines == outcomes[1].lines


def test_command_prints_a_failing_seed_and_fails() -> None:
    command = [sys.executable, "-m", "tests.simulation", "--seeds", "1", "--first", "2"]
    told = subprocess.run([*command, "--defect", "announcement forgotten"], capture_output=True, text=True, check=False)
    assert told.returncode == 1, told.stderr
    assert "seed 2 failed" in told.stdout
    assert 'make simulate SEEDS=1 ARGS="--first 2 --trace' in told.stdout
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
