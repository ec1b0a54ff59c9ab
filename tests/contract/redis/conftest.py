"""What the tests over a real Redis share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.services.definition import find_free_port
from deploy.services.process import ServiceProcess
from deploy.services.redis_server import RedisServer
from tests.contract.redis.script_backends import RealScripts, ScriptBackend, TwinScripts
from tests.contract.redis.script_logs import Logs
from tests.support.services import serving


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServiceProcess]:
    """A Redis of a test's own, which it may kill."""
    with serving(RedisServer(folder=tmp_path, port=find_free_port())) as process:
        yield process


@pytest.fixture(params=["twins", "redis"])
def backend(request: pytest.FixtureRequest) -> Iterator[ScriptBackend]:
    """The scripts on a real server, and their twins."""
    chosen: ScriptBackend
    chosen = (
        TwinScripts() if request.param == "twins" else RealScripts(request.getfixturevalue("redis_server").service.port)
    )
    chosen.clear()
    yield chosen
    chosen.close()


@pytest.fixture
def logs(backend: ScriptBackend) -> Logs:
    """Two open logs."""
    return Logs(backend)
