"""Embeds of senders (type "rich"): they are checked against Discord's limits and put into the shape of messages.

The limits are those of the documentation, "Embed Limits". Lengths count after trimming. Empty embeds and parts are
dropped.
"""

import datetime as dt
import re
from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from core.domain.errors import FieldError, Invalid, invalid_field
from core.wire.objects.messages.embed import NO_EMBEDS, Embed, EmbedAuthor, EmbedField, EmbedFooter, EmbedMedia

MAX_EMBEDS: Final = 10
MAX_TOTAL: Final = 6000
"""The characters of titles, descriptions, fields, footers and author names, over all embeds of a message."""
MAX_FIELDS: Final = 25
MAX_COLOR: Final = 0xFFFFFF
MAX_URL: Final = 2048

_encode = msgspec.json.Encoder().encode
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^\s/?#]+)(?:[/?#]\S*)?")
_LINK_SCHEMES: Final = ("http", "https")
_MEDIA_SCHEMES: Final = ("http", "https", "attachment")

Path = tuple[str | int, ...]


class EmbedFieldForm(msgspec.Struct, kw_only=True):
    name: str | None = None
    value: str | None = None
    inline: bool | None = None


class EmbedFooterForm(msgspec.Struct, kw_only=True):
    text: str | None = None
    icon_url: str | None = None


class EmbedAuthorForm(msgspec.Struct, kw_only=True):
    name: str | None = None
    url: str | None = None
    icon_url: str | None = None


class EmbedMediaForm(msgspec.Struct, kw_only=True):
    url: str | None = None
    description: str | None = None


class EmbedForm(msgspec.Struct, kw_only=True):
    """An embed of a request. `type`, `video` and `provider` are accepted and ignored, as Discord does."""

    title: str | None = None
    description: str | None = None
    url: str | None = None
    timestamp: str | None = None
    color: int | None = None
    footer: EmbedFooterForm | None = None
    image: EmbedMediaForm | None = None
    thumbnail: EmbedMediaForm | None = None
    author: EmbedAuthorForm | None = None
    fields: list[EmbedFieldForm] | None = None


_EMPTY = Embed()


def parse_embeds(forms: Sequence[EmbedForm] | None) -> msgspec.Raw:
    """Check embeds, and return them as a JSON list.

    Raises:
        Invalid: with every field that breaks a limit.
    """
    if not forms:
        return NO_EMBEDS
    if len(forms) > MAX_EMBEDS:
        raise invalid_field("embeds", "BASE_TYPE_MAX_LENGTH", f"Must be {MAX_EMBEDS} or fewer in length.")
    return _parse_all({("embeds", index): form for index, form in enumerate(forms)})


def parse_embed(form: EmbedForm) -> msgspec.Raw:
    """Check the single `embed` of older libraries. Returns and raises as `parse_embeds`."""
    return _parse_all({("embed",): form})


def _parse_all(forms: dict[Path, EmbedForm]) -> msgspec.Raw:
    check = _Check()
    embeds = [_parse_embed(form, path, check) for path, form in forms.items()]
    if check.total > MAX_TOTAL:
        text = f"Embed size exceeds maximum size of {MAX_TOTAL}"
        check.fail(next(reversed(forms)), "MAX_EMBED_SIZE_EXCEEDED", text)
    if check.errors:
        raise Invalid(*check.errors)
    return msgspec.Raw(_encode([embed for embed in embeds if embed != _EMPTY]))


class _Check:
    """Collects the faults of a list of embeds, and counts its characters."""

    __slots__ = ("errors", "total")

    def __init__(self) -> None:
        self.errors: list[FieldError] = []
        self.total = 0

    def fail(self, path: Path, code: str, text: str) -> None:
        self.errors.append(FieldError(path, code, text))

    def text(self, value: str | None, max_length: int, path: Path) -> str | UnsetType:
        trimmed = (value or "").strip()
        self.total += len(trimmed)
        if len(trimmed) > max_length:
            self.fail(path, "BASE_TYPE_MAX_LENGTH", f"Must be {max_length} or fewer in length.")
        return trimmed or UNSET

    def required_text(self, value: str | None, max_length: int, path: Path) -> str:
        trimmed = self.text(value, max_length, path)
        if isinstance(trimmed, UnsetType):
            self.fail(path, "BASE_TYPE_REQUIRED", "This field is required")
            return ""
        return trimmed

    def url(self, value: str | None, path: Path, schemes: tuple[str, ...] = _MEDIA_SCHEMES) -> str | UnsetType:
        if not value:
            return UNSET
        match = _URL.fullmatch(value)
        if len(value) > MAX_URL:
            self.fail(path, "BASE_TYPE_MAX_LENGTH", f"Must be {MAX_URL} or fewer in length.")
        elif match is None:
            self.fail(path, "URL_TYPE_INVALID_URL", "Not a well formed URL.")
        elif match[1].lower() not in schemes:
            self.fail(path, "URL_TYPE_INVALID_SCHEME", f'Scheme "{match[1].lower()}" must be one of {schemes}.')
        return value

    def color(self, value: int | None, path: Path) -> int | UnsetType:
        if value is None:
            return UNSET
        if value < 0:
            self.fail(path, "NUMBER_TYPE_MIN", "int value should be greater than or equal to 0.")
        elif value > MAX_COLOR:
            self.fail(path, "NUMBER_TYPE_MAX", f"int value should be less than or equal to {MAX_COLOR}.")
        return value

    def time(self, value: str | None, path: Path) -> str | UnsetType:
        if not value:
            return UNSET
        try:
            moment = dt.datetime.fromisoformat(value)
            zone = moment.tzinfo or dt.UTC
            return moment.replace(tzinfo=zone).astimezone(dt.UTC).isoformat(timespec="microseconds")
        except (ValueError, OverflowError):
            self.fail(path, "DATE_TYPE_PARSE", f"Could not parse {value[:64]}. Should be ISO8601.")
            return UNSET


def _parse_embed(form: EmbedForm, path: Path, check: _Check) -> Embed:
    return Embed(
        title=check.text(form.title, 256, (*path, "title")),
        description=check.text(form.description, 4096, (*path, "description")),
        url=check.url(form.url, (*path, "url"), _LINK_SCHEMES),
        timestamp=check.time(form.timestamp, (*path, "timestamp")),
        color=check.color(form.color, (*path, "color")),
        footer=_parse_footer(form.footer, (*path, "footer"), check),
        image=_parse_media(form.image, (*path, "image"), check),
        thumbnail=_parse_media(form.thumbnail, (*path, "thumbnail"), check),
        author=_parse_author(form.author, (*path, "author"), check),
        fields=_parse_fields(form.fields, (*path, "fields"), check),
    )


def _parse_footer(form: EmbedFooterForm | None, path: Path, check: _Check) -> EmbedFooter | UnsetType:
    if form is None:
        return UNSET
    text = check.text(form.text, 2048, (*path, "text"))
    icon_url = check.url(form.icon_url, (*path, "icon_url"))
    return UNSET if isinstance(text, UnsetType) else EmbedFooter(text=text, icon_url=icon_url)


def _parse_author(form: EmbedAuthorForm | None, path: Path, check: _Check) -> EmbedAuthor | UnsetType:
    if form is None:
        return UNSET
    name = check.text(form.name, 256, (*path, "name"))
    url = check.url(form.url, (*path, "url"), _LINK_SCHEMES)
    icon_url = check.url(form.icon_url, (*path, "icon_url"))
    return UNSET if isinstance(name, UnsetType) else EmbedAuthor(name=name, url=url, icon_url=icon_url)


def _parse_media(form: EmbedMediaForm | None, path: Path, check: _Check) -> EmbedMedia | UnsetType:
    if form is None:
        return UNSET
    url = check.url(form.url, (*path, "url"))
    if isinstance(url, UnsetType):
        return UNSET
    description = (form.description or "").strip()
    if len(description) > 4096:
        check.fail((*path, "description"), "BASE_TYPE_MAX_LENGTH", "Must be 4096 or fewer in length.")
    return EmbedMedia(url=url, description=description or UNSET)


def _parse_fields(forms: Sequence[EmbedFieldForm] | None, path: Path, check: _Check) -> list[EmbedField] | UnsetType:
    if not forms:
        return UNSET
    if len(forms) > MAX_FIELDS:
        check.fail(path, "BASE_TYPE_MAX_LENGTH", f"Must be {MAX_FIELDS} or fewer in length.")
        return UNSET
    return [
        EmbedField(
            name=check.required_text(form.name, 256, (*path, index, "name")),
            value=check.required_text(form.value, 1024, (*path, index, "value")),
            inline=bool(form.inline),
        )
        for index, form in enumerate(forms)
    ]
