"""Which shards have another home than at the last look."""

from core.shards.shard_changes import ShardChanges


def test_shards_with_another_home_are_told_once() -> None:
    owners = ["a", "", "b"]
    changes = ShardChanges(owner_of=owners.__getitem__, num_shards=3)
    assert changes.take() == set()
    owners[:] = ["a", "b", ""]
    assert changes.take() == {1, 2}
    assert changes.take() == set()
    owners[:] = ["b", "b", "b"]
    assert changes.take() == {0, 2}
