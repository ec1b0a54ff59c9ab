"""Servers that are not installed are named with the package that has them."""

from pathlib import Path

import pytest

from deploy.services import maven_jars, postgres_server, versitygw
from deploy.services.cassandra_server import JARS, CassandraServer
from deploy.services.definition import MissingProgram, Service
from deploy.services.opensearch_server import OpenSearchServer
from deploy.services.postgres_server import PostgresServer
from deploy.services.redis_server import RedisServer
from deploy.services.s3_server import S3Server
from tests.support.services import list_left_out, serving


@pytest.fixture
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without any of the programs."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(postgres_server, "_PACKAGED", tmp_path)
    monkeypatch.setattr(maven_jars, "CACHE", tmp_path)
    monkeypatch.setattr(versitygw, "CACHE", tmp_path)
    return tmp_path


def make_services(folder: Path) -> dict[str, Service]:
    return {
        "redis-server": RedisServer(folder=folder, port=1),
        "postgresql": PostgresServer(folder=folder, port=1),
        "make cassandra": CassandraServer(folder=folder, port=1, storage_port=2),
        "make services": OpenSearchServer(folder=folder, port=1, transport_port=2),
        "go install": S3Server(folder=folder, port=1),
    }


@pytest.mark.parametrize("told", ["redis-server", "postgresql", "make cassandra", "make services", "go install"])
def test_missing_server_is_told_in_one_line(bare_machine: Path, told: str) -> None:
    with pytest.raises(MissingProgram, match=told) as caught:
        make_services(bare_machine)[told].prepare()
    assert "\n" not in str(caught.value)


def test_missing_maven_is_told(bare_machine: Path) -> None:
    with pytest.raises(MissingProgram, match="Debian package maven"):
        JARS.download()


def test_test_without_its_server_is_left_out(bare_machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI_SERVERS", raising=False)
    with (
        pytest.raises(pytest.skip.Exception, match="Redis is missing"),
        serving(make_services(bare_machine)["redis-server"]),
    ):
        pass


def test_test_without_its_server_fails_where_servers_are_demanded(
    bare_machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI_SERVERS", "1")
    with (
        pytest.raises(pytest.fail.Exception, match="Redis is missing"),
        serving(make_services(bare_machine)["redis-server"]),
    ):
        pass


def test_left_out_tests_are_counted_by_what_is_missing() -> None:
    def skipped(reason: str) -> pytest.TestReport:
        place = ("file.py", 1, f"Skipped: {reason}")
        return pytest.TestReport("test", place, {}, "skipped", place, "setup")

    reports = [skipped("no server here: A is missing"), skipped("other"), skipped("no server here: B is missing")]
    assert list_left_out([*reports, reports[0]]) == [
        "tests left out: 2; A is missing",
        "tests left out: 1; B is missing",
    ]


def test_missing_go_is_told(bare_machine: Path) -> None:
    with pytest.raises(MissingProgram, match="the program go"):
        versitygw.download()
