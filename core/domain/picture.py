"""Pictures by which people and places show themselves: avatars, banners, icons.

The bytes are stored under `folder/name`. The folder says whose picture it is and of which kind (`avatars/1`,
`icons/2`, `guilds/2/users/1/banners`), the name is a hash of the bytes, and the entity that shows it has the name. A
picture has a row of its own from before its bytes are stored until after they are removed, so that whatever was left
half done can be found.
"""

import msgspec


class Picture(msgspec.Struct, kw_only=True, frozen=True):
    """A picture, as the store knows it."""

    folder: str
    name: str
    user_id: int
    """Who has brought it, 0 when that is not known."""
    guild_id: int = 0
    """The guild in which it is shown, 0 for none."""
    size: int
    """In bytes; 0 for one from before sizes were noted."""
    unused_since_ms: int
    """Since when nobody may show it: it was just brought, or another one was, or somebody has looked. 0 while it is
    shown."""
    is_gone: bool = False
    """Whether its bytes are being removed."""

    @property
    def blob(self) -> str:
        """The name of its bytes."""
        return f"{self.folder}/{self.name}"
