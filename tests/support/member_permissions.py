"""A member's permissions, worked out from a whole snapshot of the guild each time."""

from core.domain.channels.channel import Channel
from core.domain.guilds.guild import GuildSnapshot
from core.domain.guilds.member import Member
from core.domain.guilds.permissions import compute_base_permissions, compute_channel_permissions


def compute_member_permissions(
    snapshot: GuildSnapshot, member: Member, *, now_ms: int, channel: Channel | None = None
) -> int:
    """Return a member's permissions in a channel of the guild, or without one in the guild, at an instant."""
    timed_out = member.timeout_until_ms > now_ms
    user_id = member.user.id
    base = compute_base_permissions(
        guild=snapshot.guild,
        roles={role.id: role for role in snapshot.roles},
        user_id=user_id,
        role_ids=member.role_ids,
        timed_out=timed_out,
    )
    if channel is None:
        return base
    return compute_channel_permissions(
        base=base, channel=channel, user_id=user_id, role_ids=member.role_ids, timed_out=timed_out
    )
