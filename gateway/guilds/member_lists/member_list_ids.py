"""The id of a channel's member list. Channels with the same overwrites about viewing share one list. Pure.

Clients compute a list's id from the channel by themselves: `everyone` when @everyone may view it, else the MurmurHash3
of the overwrites that allow or deny viewing. Some channels with the id `everyone` deny viewing to a role or a member.
Their lists are separate ones here, because they lack members; a session sees one list of an id at a time.
"""

from typing import Final, NamedTuple

import mmh3

from core.domain.guilds.permissions import Permission
from core_ext.guild import compute_base, compute_channel
from gateway.guilds.state.channel_state import ChannelState
from gateway.guilds.state.guild_state import GuildState

EVERYONE: Final = "everyone"
_VIEW: Final = int(Permission.VIEW_CHANNEL)


class ListKey(NamedTuple):
    """A list's id for clients, and the overwrites by which it differs from other lists with that id."""

    id: str
    overwrites: str


def key_of(state: GuildState, channel: ChannelState) -> ListKey:
    """Compute the key of the channel's list."""
    said = sorted(
        f"{'allow' if overwrite.allow & _VIEW else 'deny'}:{overwrite.id}"
        for overwrite in channel.overwrites
        if (overwrite.allow | overwrite.deny) & _VIEW
    )
    text = ",".join(said)
    if not _views_everyone(state, channel):
        return ListKey(str(mmh3.hash(text, signed=False)), text)
    # An overwrite that allows viewing matters only beside one that denies it.
    return ListKey(EVERYONE, text if any(each.startswith("deny:") for each in said) else "")


def _views_everyone(state: GuildState, channel: ChannelState) -> bool:
    everyone = state.roles.get(state.guild_id)
    base = compute_base(False, everyone.permissions if everyone else 0, ())  # noqa: FBT003 - positional
    return bool(compute_channel(base, state.guild_id, (), 0, channel.overwrites) & _VIEW)
