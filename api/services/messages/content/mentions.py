"""Mentions: the users and roles that a text names, restricted by `allowed_mentions` and permissions.

Two pure steps. `find_mentions` reads the text as Discord's clients write it: `<@id>`, `<@!id>`, `<@&id>`, `@everyone`,
`@here`; nothing inside code counts. `AllowedMentions` is the sender's own restriction, checked by
`parse_allowed_mentions`. The caller knows which users and roles exist, and which of them the sender may mention.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Final

import msgspec

from core.domain.errors import FieldError, Invalid
from core.domain.guilds.role import Role
from core.domain.ids import MAX_SNOWFLAKE

MAX_MENTIONS: Final = 100
"""The number of users (and of roles) that `allowed_mentions` can list. Further ones are plain text."""

_CODE = re.compile(r"```.*?```|``.*?``|`[^`\n]*`", re.DOTALL)
_MENTION = re.compile(r"(?<!\\)<@(!|&)?(\d{1,19})>")
_EVERYONE = re.compile(r"@(?:everyone|here)\b")


class MentionedIds(msgspec.Struct, frozen=True):
    """The ids that a text names, each once, in the order of the text."""

    user_ids: tuple[int, ...] = ()
    role_ids: tuple[int, ...] = ()
    everyone: bool = False


NO_MENTIONS: Final = MentionedIds()


def find_mentions(content: str) -> MentionedIds:
    """Find the mentions in a text."""
    if "@" not in content:
        return NO_MENTIONS
    text = _CODE.sub(" ", content) if "`" in content else content
    users: dict[int, None] = {}
    roles: dict[int, None] = {}
    for match in _MENTION.finditer(text):
        snowflake = int(match[2])
        named = roles if match[1] == "&" else users
        if snowflake <= MAX_SNOWFLAKE and len(named) < MAX_MENTIONS:
            named[snowflake] = None
    return MentionedIds(tuple(users), tuple(roles), _EVERYONE.search(text) is not None)


class AllowedMentions(msgspec.Struct, kw_only=True, frozen=True):
    """The sender's restriction of mentions. None instead of a set means all of the kind."""

    everyone: bool = True
    users: frozenset[int] | None = None
    roles: frozenset[int] | None = None
    replied_user: bool = True


ALL_MENTIONS: Final = AllowedMentions()
"""The restriction without `allowed_mentions`: all mentions count, also of the author of the answered message."""


class AllowedMentionsForm(msgspec.Struct, kw_only=True):
    """`allowed_mentions` of a request."""

    parse: list[str | None] | None = None
    users: list[int | str | None] | None = None
    roles: list[int | str | None] | None = None
    replied_user: bool | None = None


def parse_allowed_mentions(form: AllowedMentionsForm | None) -> AllowedMentions:
    """Check the restriction.

    Raises:
        Invalid: on unknown kinds, repeated or malformed ids, more than 100 ids, and kinds both parsed and listed.
    """
    if form is None:
        return ALL_MENTIONS
    errors: list[FieldError] = []
    kinds = _parse_kinds(form.parse or (), errors)
    listed = {
        "users": _parse_ids("users", form.users or (), errors),
        "roles": _parse_ids("roles", form.roles or (), errors),
    }
    for kind, ids in listed.items():
        if kind in kinds and ids:
            text = f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.'
            errors.append(FieldError(("allowed_mentions",), "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", text))
    if errors:
        raise Invalid(*errors)
    return AllowedMentions(
        everyone="everyone" in kinds,
        users=None if "users" in kinds else listed["users"],
        roles=None if "roles" in kinds else listed["roles"],
        replied_user=bool(form.replied_user),
    )


def _parse_kinds(kinds: Sequence[str | None], errors: list[FieldError]) -> set[str]:
    if len(kinds) > MAX_MENTIONS:
        errors.append(_too_many("parse"))
        return set()
    seen: set[str] = set()
    for index, kind in enumerate(kinds):
        path = ("allowed_mentions", "parse", index)
        if kind not in ("users", "roles", "everyone"):
            text = "Value must be one of ('users', 'roles', 'everyone')."
            errors.append(FieldError(path, "BASE_TYPE_CHOICES", text))
        elif kind in seen:
            errors.append(_repeated(path))
        else:
            seen.add(kind)
    return seen


def _parse_ids(kind: str, ids: Sequence[int | str | None], errors: list[FieldError]) -> frozenset[int]:
    if len(ids) > MAX_MENTIONS:
        errors.append(_too_many(kind))
        return frozenset()
    seen: set[int] = set()
    for index, value in enumerate(ids):
        path = ("allowed_mentions", kind, index)
        snowflake = _parse_snowflake(value)
        if snowflake is None:
            text = f'Value "{value}" is not snowflake.'
            errors.append(FieldError(path, "NUMBER_TYPE_COERCE", text))
        elif snowflake in seen:
            errors.append(_repeated(path))
        else:
            seen.add(snowflake)
    return frozenset(seen)


def _parse_snowflake(value: int | str | None) -> int | None:
    if isinstance(value, str):
        if not (value.isascii() and value.isdigit() and len(value) <= 20):
            return None
        value = int(value)
    if value is None or not 0 <= value <= MAX_SNOWFLAKE:
        return None
    return value


def _too_many(field: str) -> FieldError:
    text = f"Must be {MAX_MENTIONS} or fewer in length."
    return FieldError(("allowed_mentions", field), "BASE_TYPE_MAX_LENGTH", text)


def _repeated(path: tuple[str | int, ...]) -> FieldError:
    return FieldError(path, "SET_TYPE_ALREADY_CONTAINS_VALUE", "The set already contains this value.")


def select_users(found: MentionedIds, allowed: AllowedMentions) -> list[int]:
    """Return the users that the text names and the sender allows."""
    if allowed.users is None:
        return list(found.user_ids)
    return [user_id for user_id in found.user_ids if user_id in allowed.users]


def select_roles(
    found: MentionedIds, allowed: AllowedMentions, roles: Mapping[int, Role], *, may_mention_all: bool
) -> tuple[int, ...]:
    """Return the roles that the message mentions: mentionable ones, or all with MENTION_EVERYONE; never @everyone."""
    named: Collection[int] = found.role_ids
    if allowed.roles is not None:
        named = [role_id for role_id in named if role_id in allowed.roles]
    known = (roles[role_id] for role_id in named if role_id in roles)
    return tuple(role.id for role in known if role.id != role.guild_id and (may_mention_all or role.mentionable))
