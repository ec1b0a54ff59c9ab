"""The scripts of media nodes' leases: who holds a name, and what is told to others."""

from typing import Any

import pytest

from tests.contract.redis.script_backends import ScriptBackend
from tests.contract.redis.script_logs import RUN


class Nodes:
    """The leases under the scripts."""

    def __init__(self, backend: ScriptBackend) -> None:
        self._backend = backend

    def call(self, script: str, *args: Any) -> Any:
        return self._backend.run(script, "{0}", RUN, *args)

    def lease(self, name: str, life: str, said: str = "{}", *, tells: int = 0) -> Any:
        return self.call("node_lease", name, life, 3000, tells, said)

    def told(self) -> list[bytes]:
        return [data for topic, data in self._backend.take_published() if topic == b"voice"]


@pytest.fixture
def nodes(backend: ScriptBackend) -> Nodes:
    return Nodes(backend)


def test_lease_is_its_holders_until_its_time_is_over(nodes: Nodes, backend: ScriptBackend) -> None:
    assert nodes.lease("v", "v-a") == [b"OK"]
    backend.advance(2)
    assert nodes.lease("v", "v-a") == [b"OK"]
    word, left_ms = nodes.lease("v", "v-b")
    assert (word, 0 < left_ms <= 3000) == (b"HELD", True)
    backend.advance(3.5)
    assert nodes.lease("v", "v-b") == [b"OK"]


def test_first_lease_changes_that_shall_be_told_and_the_end_are_published(nodes: Nodes) -> None:
    nodes.lease("v", "v-a")
    nodes.lease("v", "v-a")
    assert nodes.told() == [b"v"]
    nodes.lease("v", "v-a", tells=1)
    assert nodes.told() == [b"v"]
    assert nodes.call("node_leave", "v", "v-b") == 0
    assert nodes.call("node_leave", "v", "v-a") == 1
    assert nodes.told() == [b"v"]
    assert nodes.lease("v", "v-b") == [b"OK"]


def test_nodes_are_listed_by_name_while_they_have_their_leases(nodes: Nodes, backend: ScriptBackend) -> None:
    nodes.lease("w", "w-a", '{"name": "w"}')
    backend.advance(2)
    nodes.lease("v", "v-a", '{"name": "v"}')
    assert nodes.call("node_list") == [b'{"name": "v"}', b'{"name": "w"}']
    backend.advance(2)
    assert nodes.call("node_list") == [b'{"name": "v"}']
    backend.advance(2)
    assert nodes.call("node_list") == []
