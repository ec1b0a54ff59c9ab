"""Bodies of requests about relationships."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from api.forms.marks import text
from core.domain import texts
from core.domain.people.relationship import RelationshipType

_MAX_NAME_CHARACTERS = 100
"""More than any name has: a longer one is nobody's."""


class RequestByName(msgspec.Struct, kw_only=True):
    """POST /users/@me/relationships. The discriminator is of the names that Discord once had; nobody here has one."""

    username: Annotated[str, Meta(max_length=_MAX_NAME_CHARACTERS)]
    discriminator: str | int | None = None

    @property
    def names_nobody(self) -> bool:
        """Whether the discriminator is one that no account has."""
        return str(self.discriminator or 0).strip("0") != ""


class PutRelationship(msgspec.Struct, kw_only=True):
    """PUT /users/@me/relationships/{user}. Without a type it is a request for friendship, or accepts one."""

    type: int | None = None

    @property
    def is_block(self) -> bool:
        """Whether the other one is to be blocked."""
        return self.type == RelationshipType.BLOCKED


class UpdateRelationship(msgspec.Struct, kw_only=True):
    """PATCH /users/@me/relationships/{user}."""

    nickname: Annotated[str, text(texts.NICK)] | UnsetType | None = UNSET
