"""kill -9 at each step of a restore into a cluster, of its backup, and of its upgrade, on a real PostgreSQL and a real
Cassandra: what was there is there, or what is new, and nothing between.
"""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from core.runtime.settings.settings import CassandraSettings
from deploy.services.orphans import end_with_parent
from tests.e2e.operation.conftest import MakeCluster
from tests.support.clusters.empty_cluster import EmptyCluster

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.embedded, pytest.mark.timeout(600)]


async def kill_at_each_step(work: str, cluster: EmptyCluster, place: Path) -> int:
    """Return how often the work was killed."""
    (place / "temporary").mkdir(exist_ok=True)
    process = await asyncio.create_subprocess_exec(
        *end_with_parent([sys.executable, "-m", "tests.support.clusters.killed_cluster", work, str(place)]),
        env={**os.environ, **cluster.settings, "TMPDIR": str(place / "temporary")},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()[-3000:]
    return int(out)


async def test_killed_restore_and_backup_of_a_cluster_leave_the_old_or_the_new(
    filled: Path, make_cluster: MakeCluster, tmp_path: Path
) -> None:
    cluster = await make_cluster(True)
    await cluster.command("backup", f"{tmp_path}/first/", "--data", filled)
    assert await kill_at_each_step("restore", cluster, tmp_path) >= 5
    await cluster.query(
        "INSERT INTO users (id, username, username_fold, bio, bot, flags, locale) "
        "VALUES (1, 'another', 'another', '', false, 0, 'en-US')"
    )
    assert await kill_at_each_step("backup", cluster, tmp_path) >= 3


async def test_killed_upgrade_of_cassandra_goes_on(cassandra_settings: CassandraSettings, tmp_path: Path) -> None:
    cluster = EmptyCluster("", cassandra_settings, tmp_path)
    assert await kill_at_each_step("migrate-cassandra", cluster, tmp_path) >= 4


async def test_killed_upgrade_of_postgres_leaves_the_old_schema_or_the_new_one(
    make_cluster: MakeCluster, tmp_path: Path
) -> None:
    assert await kill_at_each_step("migrate", await make_cluster(False), tmp_path) >= 3
