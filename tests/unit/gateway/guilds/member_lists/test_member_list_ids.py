"""The names of member lists, as clients compute them."""

import mmh3
import msgspec

from core.domain.channels.channel import Channel, Overwrite
from core.domain.guilds.guild import Guild, GuildSnapshot
from core.domain.guilds.role import Role
from core.wire.objects.channels.channel import render_channel
from gateway.guilds.member_lists.member_list_ids import EVERYONE, ListKey, key_of
from gateway.guilds.state.channel_state import parse_channel
from gateway.guilds.state.guild_state import GuildState

VIEW, SEND = 1 << 10, 1 << 11


def key(*overwrites: Overwrite, everyone: int = VIEW) -> ListKey:
    role = Role(id=1, guild_id=1, name="@everyone", permissions=everyone)
    guild = Guild(id=1, name="guild", owner_id=9)
    state = GuildState(GuildSnapshot(guild=guild, roles=(role,), channels=(), member_count=1, revision=0))
    channel = Channel(id=5, type=0, guild_id=1, name="channel", overwrites=overwrites)
    return key_of(state, parse_channel(msgspec.json.encode(render_channel(channel))))


def test_channel_that_everyone_views_has_the_list_of_everyone() -> None:
    assert key() == ListKey(EVERYONE, "")
    assert key(Overwrite(7, 0, VIEW, 0), Overwrite(1, 0, SEND, 0)) == ListKey(EVERYONE, "")
    assert key(Overwrite(1, 0, VIEW, 0), everyone=0) == ListKey(EVERYONE, "")


def test_channel_that_is_denied_to_some_has_the_name_of_everyone_and_a_list_of_its_own() -> None:
    denied = Overwrite(7, 0, 0, VIEW)
    assert key(denied) == ListKey(EVERYONE, "deny:7")
    # The list has a member that the other list lacks.
    assert key(denied, Overwrite(8, 1, VIEW, 0)) == ListKey(EVERYONE, "allow:8,deny:7")


def test_channel_that_is_hidden_is_named_by_the_hash_of_its_overwrites() -> None:
    hidden = key(
        Overwrite(1, 0, 0, VIEW), Overwrite(7, 0, VIEW, 0), Overwrite(30, 1, SEND, 0), Overwrite(4, 1, VIEW, VIEW)
    )
    text = "allow:4,allow:7,deny:1"
    assert hidden == ListKey(str(mmh3.hash(text, signed=False)), text)
    assert key(everyone=0).id == "0"


def test_hash_is_murmurhash3_of_32_bits() -> None:
    # These are test vectors of the reference implementation.
    assert mmh3.hash("", 0) == 0
    assert mmh3.hash("aaaa", seed=0x9747B28C, signed=False) == 0x5A97808A
    assert mmh3.hash("Hello, world!", seed=0x9747B28C, signed=False) == 0x24884CBA
