"""Values that Discord's document forbids by a keyword are refused in each field of each route that has it.

`test_documented_fields` sends what is allowed; the bounds of numbers and lengths are tested beside the forms.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.api.http.field_scenes import SCENES
from tests.integration.api.http.field_walk import Field, Route, Schema, discord, with_value
from tests.support.embedded_api import ApiUnderTest

DISCORD = discord()

UNBUILT = ("components", "install_params")
"""Objects that are refused as a whole."""


def fields_with(keyword: str, value: Any) -> Iterator[Any]:
    """Find the fields of bodies with an alternative that has the keyword with this value."""
    for route in sorted(SCENES):
        for field, schema in sorted(DISCORD.fields(route).items()):
            if not field.is_query and not field.name.startswith(UNBUILT) and _has(schema, keyword, value):
                yield pytest.param(route, field, schema, id=f"{' '.join(route)} {field}")


def _has(schema: Schema, keyword: str, value: Any) -> bool:
    return any(alternative.get(keyword) == value for alternative in DISCORD.alternatives(schema))


async def refuse(api: ApiUnderTest, route: Route, field: Field, value: Any) -> None:
    """Send the field with a value that must be refused by its name, and change nothing."""
    prepared = with_value(await SCENES[route](api, field.name), field, value)
    before = len(api.deliveries)
    answer = await prepared.actor.request(route[0], prepared.path, json=prepared.body)
    assert (answer.status_code, answer.json()["code"]) in ((400, 50035), (501, 0)), answer.text
    errors = answer.json()["errors"]
    for step in field.name.replace("[]", ".0").split("."):
        assert step in errors, answer.text
        errors = errors[step]
    assert len(api.deliveries) == before


@pytest.mark.parametrize(("route", "field", "schema"), list(fields_with("uniqueItems", value=True)))
async def test_a_set_has_nothing_twice(api: ApiUnderTest, route: Route, field: Field, schema: Schema) -> None:
    prepared = await SCENES[route](api, field.name)
    given = next(value for value in prepared.values.get(field.name) or DISCORD.values(schema) if value)
    await refuse(api, route, field, [given[0], given[0]])


@pytest.mark.parametrize(("route", "field", "schema"), list(fields_with("format", "date-time")))
async def test_a_point_in_time_is_a_text(api: ApiUnderTest, route: Route, field: Field, schema: Schema) -> None:
    for number in (0, 5, 1_800_000_000):
        await refuse(api, route, field, number)
