"""A guild's channel as a form describes it, with the defaults of what the form leaves out."""

from api.services.channels.channel_forms import CreateChannel
from api.services.channels.channel_rules import check_bounds, check_kind, compute_name
from core.domain.channels.channel import Channel


def make_channel(form: CreateChannel, channel_id: int, guild_id: int) -> Channel:
    """Make a channel without overwrites.

    Raises:
        Invalid: when its type cannot be made, or a value is not for its type.
    """
    kind = form.type or 0
    check_kind(kind)
    channel = Channel(
        id=channel_id,
        type=kind,
        guild_id=guild_id,
        name=compute_name(kind, form.name),
        position=form.position or 0,
        parent_id=form.parent_id,
        topic=form.topic,
        nsfw=bool(form.nsfw),
        rate_limit_per_user=form.rate_limit_per_user or 0,
        bitrate=form.bitrate or 64_000,
        user_limit=form.user_limit or 0,
        rtc_region=form.rtc_region,
        video_quality_mode=form.video_quality_mode or 1,
        default_auto_archive_duration=form.default_auto_archive_duration,
        default_thread_rate_limit_per_user=form.default_thread_rate_limit_per_user or 0,
        default_sort_order=form.default_sort_order,
        default_forum_layout=form.default_forum_layout or 0,
    )
    check_bounds(channel)
    return channel
