"""The keyspace and its tables: made once, checked at each start, refused where they cannot be."""

import msgspec
import pytest
from cassandra.cluster import Session

from core.runtime.errors import NewerSchemaError, StartError
from core.runtime.settings.settings import CassandraSettings
from core.store.cassandra import connection
from core.store.cassandra.connection import migrate
from core.store.cassandra.schema import STEPS, Step
from deploy.services.definition import find_free_port
from tests.contract.builders import flake, new_message
from tests.contract.cassandra.sessions import opened
from tests.contract.message_rows import new_place


@pytest.fixture
def fresh(cassandra_settings: CassandraSettings) -> CassandraSettings:
    """The settings of a keyspace that is not there."""
    return msgspec.structs.replace(cassandra_settings, keyspace=f"fresh{new_place().channel_id}")


async def test_steps_are_applied_once(fresh: CassandraSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StartError, match="run `guildway migrate`"):
        async with opened(fresh):
            pass
    assert await migrate(fresh) == [step.name for step in STEPS]
    place = new_place()
    async with opened(fresh) as rows:
        await rows.insert(new_message(flake(1), place.channel_id))
    assert await migrate(fresh) == []

    more = (*STEPS, Step("later", ("CREATE TABLE IF NOT EXISTS later (a int PRIMARY KEY)",)))
    with monkeypatch.context() as newer:
        newer.setattr("core.store.cassandra.schema.STEPS", more)
        with pytest.raises(StartError, match="run `guildway migrate`"):
            async with opened(fresh):
                pass
        assert await migrate(fresh) == ["later"]
        async with opened(fresh) as rows:
            assert await rows.find(place.channel_id, flake(1)) is not None
    with pytest.raises(NewerSchemaError):
        async with opened(fresh):
            pass
    with pytest.raises(NewerSchemaError):
        await migrate(fresh)


async def test_cut_migration_is_applied_again(fresh: CassandraSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(session: Session, keyspace: str) -> list[str]:
        session.set_keyspace(keyspace)
        session.execute(STEPS[0].statements[0])
        raise StartError("cut")

    with monkeypatch.context() as cut:
        cut.setattr(connection, "apply_steps", fail)
        with pytest.raises(StartError, match="cut"):
            await migrate(fresh)
    assert await migrate(fresh) == [step.name for step in STEPS]
    async with opened(fresh) as rows:
        await rows.ping()


async def test_more_copies_than_servers_are_refused(fresh: CassandraSettings) -> None:
    with pytest.raises(StartError, match="asks for 3 copies, and the datacenter 'datacenter1' has 1 servers"):
        await migrate(msgspec.structs.replace(fresh, replication=3))


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"datacenter": "elsewhere"}, "cassandra.datacenter"),
        ({"port": find_free_port()}, "cassandra.contact_points"),
        ({"contact_points": ("no-such-host.invalid",)}, "cassandra.contact_points"),
    ],
)
async def test_wrong_setting_is_told(fresh: CassandraSettings, changes: dict[str, object], text: str) -> None:
    wrong = msgspec.structs.replace(fresh, **changes)
    with pytest.raises(StartError, match=text):
        await migrate(wrong)
    with pytest.raises(StartError, match=text):
        async with opened(wrong):
            pass
