"""The bodies of reports."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from api.forms.form import SnowflakeField
from core.wire.objects.report import ReportMenuName


class CreateReport(msgspec.Struct, kw_only=True):
    """POST /reporting/{name}. Each kind of report needs its own ids, and takes no others."""

    name: ReportMenuName
    version: Annotated[str, Meta(max_length=16)]
    variant: Annotated[str, Meta(max_length=16)]
    breadcrumbs: Annotated[list[int], Meta(max_length=16)]
    language: Annotated[str, Meta(max_length=32)] = "en"
    """The language of the menu that was shown; there is one."""
    elements: Annotated[dict[str, Any], Meta(max_length=0)] = {}
    """The answers to elements that ask for something, of which the menus have none."""
    channel_id: SnowflakeField | None = None
    message_id: SnowflakeField | None = None
    user_id: SnowflakeField | None = None
    guild_id: SnowflakeField | None = None


class CreateOldReport(msgspec.Struct, kw_only=True):
    """POST /report, as older clients report messages: with the number of a reason."""

    channel_id: SnowflakeField
    message_id: SnowflakeField
    reason: Literal[0, 1, 2, 3, 4, "0", "1", "2", "3", "4"]
    guild_id: SnowflakeField | None = None
