"""A member's object as people's clients read it, which look for the ids of user and guild beside the user. Pure."""

import msgspec


def name_member(member: msgspec.Raw, user_id: int, guild_id: int) -> msgspec.Raw:
    """Return a member's object with `id`, which is the user's, `user_id` and `guild_id`. It must have none of them."""
    return msgspec.Raw(b'{"id":"%d","user_id":"%d","guild_id":"%d",' % (user_id, user_id, guild_id) + bytes(member)[1:])
