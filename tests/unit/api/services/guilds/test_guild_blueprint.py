"""The blueprint of a new guild."""

import itertools
from typing import Any

import msgspec
import pytest

from api.services.guilds.guild_blueprint import Blueprint, compute_blueprint
from api.services.guilds.guild_forms import CreateGuild
from core.domain.channels.channel import Overwrite
from core.domain.errors import Invalid
from core.domain.guilds.permissions import DEFAULT_EVERYONE

GUILD_ID = 1000


class CountingIds:
    """Ids 1001, 1002, …"""

    def __init__(self) -> None:
        self._numbers = itertools.count(GUILD_ID + 1)

    def next(self) -> int:
        return next(self._numbers)


def blueprint(**fields: Any) -> Blueprint:
    form = msgspec.convert({"name": "Gardeners", **fields}, CreateGuild)
    return compute_blueprint(form, owner_id=7, icon=None, guild_id=GUILD_ID, ids=CountingIds())


def test_blueprint_default_has_everyone_and_four_channels() -> None:
    made = blueprint()
    assert [(role.id, role.permissions) for role in made.roles] == [(GUILD_ID, DEFAULT_EVERYONE)]
    text, general, voice, talk = made.channels
    assert (general.parent_id, talk.parent_id) == (text.id, voice.id)
    assert made.guild.system_channel_id == general.id


def test_blueprint_first_role_is_everyone_and_the_rest_stand_from_the_top() -> None:
    made = blueprint(roles=[{"id": 3, "name": "ignored", "permissions": 1}, {"name": "top"}, {"name": "low"}])
    assert [(role.name, role.position) for role in made.roles] == [("@everyone", 0), ("top", 2), ("low", 1)]
    assert made.roles[0].permissions == 1


def test_blueprint_overwrites_of_unknown_placeholders_are_dropped() -> None:
    overwrites = [{"id": 3, "deny": 1024}, {"id": 99, "allow": 1}]
    made = blueprint(roles=[{"id": 3}], channels=[{"name": "c", "permission_overwrites": overwrites}])
    assert made.channels[0].overwrites == (Overwrite(GUILD_ID, 0, 0, 1024),)


def test_blueprint_with_channels_has_no_system_channel_unless_named() -> None:
    assert blueprint(channels=[{"name": "c"}]).guild.system_channel_id is None


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"channels": [{"name": "a"}, {"name": "b", "parent_id": 1}]}, ("channels", 1, "parent_id")),
        ({"channels": [{"id": 1, "name": "a"}, {"name": "b", "parent_id": 1}]}, ("channels", 1, "parent_id")),
        ({"channels": [{"name": "a", "type": 16}]}, ("channels", 0, "type")),
        ({"channels": [{"id": 1, "name": "a"}], "afk_channel_id": 1}, ("afk_channel_id",)),
    ],
)
def test_blueprint_that_does_not_fit_names_the_place(fields: dict[str, Any], path: tuple[str | int, ...]) -> None:
    with pytest.raises(Invalid) as caught:
        blueprint(**fields)
    assert caught.value.fields[0].path == path
