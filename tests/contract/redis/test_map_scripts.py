"""The scripts of workers' leases and of the shard map: who may write, and what is refused."""

import json
from typing import Any

import pytest

from tests.contract.redis.script_backends import ScriptBackend
from tests.contract.redis.script_logs import RUN

TAG = "{0}"
TERM = 1 << 32
"""The versions of the first term are above this."""


class Map:
    """The map under the scripts."""

    def __init__(self, backend: ScriptBackend) -> None:
        self._backend = backend

    def call(self, script: str, *args: Any) -> Any:
        return self._backend.run(script, TAG, RUN, *args)

    def lease(self, name: str, incarnation: str, *, had: int = 0, said: str = "{}") -> Any:
        return self.call("worker_lease", name, incarnation, had, 3000, said)

    def places(self) -> dict[int, bytes]:
        answer = self.call("map_read", -1)[4:]
        return {int(answer[i]): answer[i + 1] for i in range(0, len(answer), 2)}


@pytest.fixture
def shard_map(backend: ScriptBackend) -> Map:
    return Map(backend)


def test_lease_is_renewed_by_its_process_alone_and_ends_with_its_time(shard_map: Map, backend: ScriptBackend) -> None:
    assert shard_map.lease("w", "w-a.1") == [b"OK"]
    backend.advance(2)
    assert shard_map.lease("w", "w-a.1", had=1) == [b"OK"]
    word, left_ms = shard_map.lease("w", "w-b.1")
    assert (word, 0 < left_ms <= 3000) == (b"HELD", True)
    backend.advance(3.5)
    assert shard_map.lease("w", "w-a.1", had=1) == [b"GONE"]
    assert shard_map.lease("w", "w-b.1") == [b"OK"]
    assert shard_map.lease("w", "w-a.2")[0] == b"HELD"


def test_next_incarnation_of_a_process_replaces_the_one_before(shard_map: Map) -> None:
    assert shard_map.lease("w", "w-a.1") == [b"OK"]
    assert shard_map.lease("w", "w-a.2") == [b"OK"]
    assert shard_map.call("worker_list")[1] == b"w-a.2"


def test_workers_are_listed_with_what_they_say_while_they_live(shard_map: Map, backend: ScriptBackend) -> None:
    said = json.dumps({"load": "much of it"})
    shard_map.lease("w2", "w2-b.1")
    backend.advance(1)
    shard_map.lease("w1", "w1-a.1", said=said)
    answer = shard_map.call("worker_list")
    assert answer[:2] == [b"w1", b"w1-a.1"]
    assert answer[3] == said.encode()
    assert answer[4:6] == [b"w2", b"w2-b.1"]
    assert 0 < answer[6] <= 2000
    backend.advance(2.5)
    assert shard_map.call("worker_list")[0::4] == [b"w1"]
    backend.advance(1)
    assert shard_map.call("worker_list") == []


def test_worker_that_leaves_is_gone_at_once_and_ends_nobody_elses_lease(shard_map: Map) -> None:
    shard_map.lease("w", "w-a.1")
    assert shard_map.call("worker_leave", "w", "w-b.1") == 0
    assert shard_map.call("worker_leave", "w", "w-a.1") == 1
    assert shard_map.call("worker_leave", "w", "w-a.1") == 0
    assert shard_map.lease("w", "w-b.1") == [b"OK"]


def test_map_that_nobody_has_written_is_empty(shard_map: Map) -> None:
    assert shard_map.call("map_read", 0) == [0]
    assert shard_map.call("map_read", 7) == [0, 0, b"", b""]


def test_each_change_makes_a_version_that_is_published(shard_map: Map, backend: ScriptBackend) -> None:
    first = shard_map.call("map_head", 1, "c1", "{}")
    second = shard_map.call("map_change", 1, 0, 0, TERM, "w-a.1", "", 2, 0, TERM, "w-b.1", "")
    assert (first, second) == ([b"OK", TERM + 1], [b"OK", TERM + 2, []])
    published = [b"%d" % (TERM + 1), b"%d" % (TERM + 2)]
    assert [data for topic, data in backend.take_published() if topic == b"map"] == published
    assert shard_map.call("map_read", TERM + 2) == [TERM + 2]
    assert shard_map.call("map_read", TERM + 1)[:4] == [TERM + 2, 1, b"c1", b"{}"]
    assert shard_map.places() == {0: b"%d w-a.1 " % TERM, 2: b"%d w-b.1 " % TERM}


def test_controller_of_an_earlier_term_changes_nothing(shard_map: Map) -> None:
    shard_map.call("map_head", 2, "c2", "{}")
    assert shard_map.call("map_head", 1, "c1", "[]") == [b"FENCED"]
    assert shard_map.call("map_change", 1, 0, 0, TERM, "w-a.1", "") == [b"FENCED"]
    assert shard_map.places() == {}
    assert shard_map.call("map_read", 0)[1:4] == [2, b"c2", b"{}"]


def test_later_term_is_known_from_its_first_change(shard_map: Map) -> None:
    assert shard_map.call("map_change", 2, 0, 0, 2 * TERM, "w-a.1", "")[0] == b"OK"
    assert shard_map.call("map_change", 1, 1, 0, TERM, "w-a.1", "") == [b"FENCED"]


def test_change_of_another_epoch_leaves_its_shard_and_no_other(shard_map: Map) -> None:
    shard_map.call("map_change", 1, 0, 0, TERM, "w-a.1", "", 1, 0, TERM, "w-a.1", "")
    word, _, left = shard_map.call("map_change", 1, 0, 0, TERM + 1, "w-b.1", "", 1, TERM, TERM + 1, "w-b.1", "")
    assert (word, left) == (b"OK", [0])
    assert shard_map.places() == {0: b"%d w-a.1 " % TERM, 1: b"%d w-b.1 " % (TERM + 1)}


def test_change_of_nothing_makes_no_version(shard_map: Map, backend: ScriptBackend) -> None:
    _, version, _ = shard_map.call("map_change", 1, 0, 0, TERM, "w-a.1", "")
    backend.take_published()
    assert shard_map.call("map_change", 1, 0, 5, TERM + 9, "w-b.1", "") == [b"OK", version, [0]]
    assert backend.take_published() == []


@pytest.mark.parametrize("following", [TERM, TERM - 1])
def test_owner_does_not_change_without_a_larger_epoch(shard_map: Map, following: int) -> None:
    shard_map.call("map_change", 1, 0, 0, TERM, "w-a.1", "")
    assert shard_map.call("map_change", 1, 0, TERM, following, "w-b.1", "")[2] == [0]
    assert shard_map.places() == {0: b"%d w-a.1 " % TERM}


def test_move_is_ended_by_the_owner_alone_under_the_next_epoch(shard_map: Map) -> None:
    shard_map.call("map_change", 1, 0, 0, TERM, "w-a.1", "")
    assert shard_map.call("map_moved", 0, TERM, "w-a.1") == [b"CHANGED"]
    shard_map.call("map_change", 1, 0, TERM, TERM, "w-a.1", "w-b.1")
    assert shard_map.places() == {0: b"%d w-a.1 w-b.1" % TERM}
    assert shard_map.call("map_moved", 0, TERM, "w-b.1") == [b"CHANGED"]
    assert shard_map.call("map_moved", 0, TERM - 1, "w-a.1") == [b"CHANGED"]
    word, _, epoch = shard_map.call("map_moved", 0, TERM, "w-a.1")
    assert (word, epoch) == (b"OK", TERM + 1)
    assert shard_map.places() == {0: b"%d w-b.1 " % (TERM + 1)}
    assert shard_map.call("map_moved", 0, TERM, "w-a.1") == [b"CHANGED"]


def test_move_that_was_called_off_is_not_ended(shard_map: Map) -> None:
    shard_map.call("map_change", 1, 0, 0, TERM, "w-a.1", "")
    shard_map.call("map_change", 1, 0, TERM, TERM, "w-a.1", "w-b.1")
    shard_map.call("map_change", 1, 0, TERM, TERM, "w-a.1", "")
    assert shard_map.call("map_moved", 0, TERM, "w-a.1") == [b"CHANGED"]
    assert shard_map.call("map_moved", 9, 0, "") == [b"CHANGED"]


def test_largest_epochs_are_exact(shard_map: Map) -> None:
    epoch = (1 << 53) - 2
    shard_map.call("map_change", 1, 0, 0, epoch, "w-a.1", "")
    shard_map.call("map_change", 1, 0, epoch, epoch, "w-a.1", "w-b.1")
    assert shard_map.call("map_moved", 0, epoch, "w-a.1")[2] == epoch + 1
    assert shard_map.places() == {0: b"%d w-b.1 " % (epoch + 1)}
