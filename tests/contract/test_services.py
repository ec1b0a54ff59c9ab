"""The real servers that tests start: each answers, ends and starts again with its data."""

from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.services.definition import Service, ask, find_free_port
from deploy.services.postgres_server import PostgresServer
from deploy.services.process import ServiceProcess
from deploy.services.redis_server import RedisServer
from deploy.services.s3_server import S3Server
from tests.support.services import define_cassandra, serving

SERVICES: dict[str, Callable[[Path], Service]] = {
    "redis": lambda folder: RedisServer(folder=folder, port=find_free_port()),
    "postgres": lambda folder: PostgresServer(folder=folder, port=find_free_port()),
    "cassandra": define_cassandra,
    "s3": lambda folder: S3Server(folder=folder, port=find_free_port()),
}
"""OpenSearch is started once, in test_search.py."""


@pytest.mark.parametrize("name", SERVICES)
def test_service_answers_is_killed_and_answers_again(tmp_path: Path, name: str) -> None:
    service = SERVICES[name](tmp_path)
    with serving(service, is_demanded=name != "s3") as process:
        assert service.answers()
        process.kill()
        assert not service.answers()
        assert process.start()
        assert service.answers()
        assert ServiceProcess(service).stop()
        assert not service.answers()


def test_redis_keeps_what_it_has_answered_when_it_is_killed(tmp_path: Path) -> None:
    service = SERVICES["redis"](tmp_path)
    with serving(service) as process:
        assert ask(service.port, b"SET key value\r\n", 3) == b"+OK"
        process.kill()
        process.start()
        assert ask(service.port, b"GET key\r\n", 9) == b"$5\r\nvalue"
