"""The mentions of a text, and their restriction by `allowed_mentions`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.services.messages.content.mentions import (
    ALL_MENTIONS,
    AllowedMentions,
    AllowedMentionsForm,
    MentionedIds,
    find_mentions,
    parse_allowed_mentions,
    select_roles,
    select_users,
)
from core.domain.errors import Invalid
from core.domain.guilds.role import Role
from core.domain.ids import MAX_SNOWFLAKE


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("plain", MentionedIds()),
        ("mail@example.org", MentionedIds()),
        ("<@12> and <@!13>, again <@12>", MentionedIds((12, 13), (), False)),
        ("<@&7> <@&8>", MentionedIds((), (7, 8), False)),
        ("hey @everyone", MentionedIds((), (), True)),
        ("(@here)", MentionedIds((), (), True)),
        ("@everyones", MentionedIds()),
        ("`<@12>` ``@here`` ```\n<@&7>\n```", MentionedIds()),
        ("`<@12> without an end", MentionedIds((12,), (), False)),
        ("\\<@12>", MentionedIds()),
        (f"<@{MAX_SNOWFLAKE + 1}>", MentionedIds()),
        ("<@x> <@> <@&>", MentionedIds()),
    ],
)
def test_mentions_of_text_are_found(content: str, found: MentionedIds) -> None:
    assert find_mentions(content) == found


def test_mentions_beyond_a_hundred_are_text() -> None:
    content = " ".join(f"<@{number}>" for number in range(1, 150))
    assert find_mentions(content).user_ids == tuple(range(1, 101))


@given(st.text(alphabet="<@!&>1 `\\everyonehere", max_size=200))
def test_mentions_of_any_text_are_unique(content: str) -> None:
    found = find_mentions(content)
    assert len(set(found.user_ids)) == len(found.user_ids)
    assert len(set(found.role_ids)) == len(found.role_ids)


def test_allowed_mentions_absent_allows_everything() -> None:
    assert parse_allowed_mentions(None) == ALL_MENTIONS


def test_allowed_mentions_empty_allows_nothing() -> None:
    allowed = parse_allowed_mentions(AllowedMentionsForm())
    assert allowed == AllowedMentions(everyone=False, users=frozenset(), roles=frozenset(), replied_user=False)


def test_allowed_mentions_ids_are_read_as_strings_and_numbers() -> None:
    allowed = parse_allowed_mentions(
        AllowedMentionsForm(parse=["everyone"], users=["5", 6], roles=[], replied_user=True)
    )
    assert allowed == AllowedMentions(everyone=True, users=frozenset({5, 6}), roles=frozenset(), replied_user=True)


@pytest.mark.parametrize(
    ("form", "path", "code"),
    [
        (AllowedMentionsForm(parse=["nobody"]), ("allowed_mentions", "parse", 0), "BASE_TYPE_CHOICES"),
        (
            AllowedMentionsForm(parse=["users", "users"]),
            ("allowed_mentions", "parse", 1),
            "SET_TYPE_ALREADY_CONTAINS_VALUE",
        ),
        (AllowedMentionsForm(users=[5, "5"]), ("allowed_mentions", "users", 1), "SET_TYPE_ALREADY_CONTAINS_VALUE"),
        (AllowedMentionsForm(roles=["x"]), ("allowed_mentions", "roles", 0), "NUMBER_TYPE_COERCE"),
        (AllowedMentionsForm(roles=[-1]), ("allowed_mentions", "roles", 0), "NUMBER_TYPE_COERCE"),
        (AllowedMentionsForm(users=["²"]), ("allowed_mentions", "users", 0), "NUMBER_TYPE_COERCE"),
        (AllowedMentionsForm(users=[None]), ("allowed_mentions", "users", 0), "NUMBER_TYPE_COERCE"),
        (AllowedMentionsForm(users=list(range(101))), ("allowed_mentions", "users"), "BASE_TYPE_MAX_LENGTH"),
        (
            AllowedMentionsForm(parse=["users"], users=[5]),
            ("allowed_mentions",),
            "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
        ),
        (
            AllowedMentionsForm(parse=["roles"], roles=[5]),
            ("allowed_mentions",),
            "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
        ),
    ],
)
def test_allowed_mentions_wrong_names_the_field(
    form: AllowedMentionsForm, path: tuple[str | int, ...], code: str
) -> None:
    with pytest.raises(Invalid) as caught:
        parse_allowed_mentions(form)
    assert [(field.path, field.code) for field in caught.value.fields] == [(path, code)]


def test_select_users_keeps_the_listed_ones() -> None:
    found = MentionedIds((3, 4, 5), (), False)
    assert select_users(found, ALL_MENTIONS) == [3, 4, 5]
    assert select_users(found, AllowedMentions(users=frozenset({5, 9}))) == [5]


def test_select_roles_needs_mentionable_or_the_permission() -> None:
    roles = {
        1: Role(id=1, guild_id=1, name="@everyone", mentionable=True),
        2: Role(id=2, guild_id=1, name="a", mentionable=True),
        3: Role(id=3, guild_id=1, name="b"),
    }
    found = MentionedIds((), (1, 2, 3, 4), False)
    assert select_roles(found, ALL_MENTIONS, roles, may_mention_all=False) == (2,)
    assert select_roles(found, ALL_MENTIONS, roles, may_mention_all=True) == (2, 3)
    only_three = AllowedMentions(roles=frozenset({3}))
    assert select_roles(found, only_three, roles, may_mention_all=True) == (3,)


@pytest.mark.parametrize("field", ["parse", "users", "roles"])
def test_more_than_a_hundred_entries_are_one_error(field: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_allowed_mentions(AllowedMentionsForm(**{field: ["x"] * 101}))
    assert [(error.path, error.code) for error in caught.value.fields] == [
        (("allowed_mentions", field), "BASE_TYPE_MAX_LENGTH")
    ]
