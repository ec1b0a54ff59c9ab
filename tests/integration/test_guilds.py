"""Guilds: made, shown, changed, handed over, left, deleted."""

from tests.integration.api_client import ApiUnderTest


async def test_create_guild_default_has_everyone_channels_and_system_channel(api: ApiUnderTest) -> None:
    alice = await api.register()
    answer = await alice.post("/guilds", {"name": "Gardeners"})
    assert answer.status_code == 201, answer.text
    guild = answer.json()
    assert guild["name"] == "Gardeners"
    assert guild["owner_id"] == alice.id
    assert [role["name"] for role in guild["roles"]] == ["@everyone"]
    assert guild["roles"][0]["id"] == guild["id"]
    channels = (await alice.get(f"/guilds/{guild['id']}/channels")).json()
    assert [(channel["type"], channel["name"]) for channel in channels] == [
        (4, "Text Channels"),
        (0, "general"),
        (4, "Voice Channels"),
        (2, "General"),
    ]
    assert guild["system_channel_id"] == channels[1]["id"]
