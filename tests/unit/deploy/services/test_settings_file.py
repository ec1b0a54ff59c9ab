"""The settings of a cluster on the servers of `make services`."""

from pathlib import Path

import pytest

from core.runtime.settings.configuration import load_settings
from deploy.services.cassandra_server import CassandraServer
from deploy.services.opensearch_server import OpenSearchServer
from deploy.services.postgres_server import PostgresServer
from deploy.services.redis_server import RedisServer
from deploy.services.s3_server import S3Server
from deploy.services.settings_file import BUCKET, write_settings

OPTIONAL = {"s3", "opensearch"}


@pytest.mark.parametrize("names", [set(), {"s3"}, {"opensearch"}, {"s3", "opensearch"}], ids=sorted)
def test_servers_that_run_are_named_and_others_are_not(tmp_path: Path, names: set[str]) -> None:
    services = [
        RedisServer(folder=tmp_path, port=7000),
        PostgresServer(folder=tmp_path, port=7001),
        CassandraServer(folder=tmp_path, port=7002, storage_port=7003),
        S3Server(folder=tmp_path, port=7070),
        OpenSearchServer(folder=tmp_path, port=9200, transport_port=9300),
    ]
    file = write_settings(tmp_path, [each for each in services if each.name not in OPTIONAL or each.name in names])
    settings = load_settings(environ={}, flags={"config": str(file)})
    assert settings.redis.url == "redis://127.0.0.1:7000/0"
    assert settings.postgres.url == "postgresql://guildway@127.0.0.1:7001/guildway"
    assert (settings.cassandra.contact_points, settings.cassandra.port) == (("127.0.0.1",), 7002)
    assert settings.files.s3_bucket == (BUCKET if "s3" in names else "")
    assert settings.files.s3_endpoint == ("http://127.0.0.1:7070" if "s3" in names else "")
    assert settings.search.url == ("http://127.0.0.1:9200" if "opensearch" in names else "")
