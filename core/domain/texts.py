"""The definitions of the product's texts, one for every route that takes it. The module is pure.

    GUILD_NAME.clean("  The\\u202e Gardeners ")  ->  "The Gardeners"
    GUILD_NAME.find_error("x")                   ->  BASE_TYPE_BAD_LENGTH, "Must be between 2 and 100 in length."

A text is composed (NFC), cleaned as its kind demands, trimmed, and only then measured, in code points. Cleaning removes
control characters and the characters that set the direction of writing. Joiners stay, since emoji and some scripts need
them. A text that shows nothing at all is blank, whatever its characters.

Composition sorts the marks on a letter, in time that grows with the square of their number: half a million of them, in
one request, would take minutes. So a letter keeps its first 30 marks, as many as Unicode's stream-safe texts have (UAX
15), and a text that is too long in any case is not composed at all.
"""

import enum
import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from core.domain.emoji import is_emoji
from core.domain.errors import FieldError, Invalid


class Kind(enum.Enum):
    """The kinds of texts, which differ in their cleaning."""

    NAME = enum.auto()
    """One line, with no two spaces in a row: the names of people and applications."""
    LINE = enum.auto()
    """One line; breaks become spaces."""
    LINES = enum.auto()
    """Several lines."""
    EMOJI = enum.auto()
    """One Unicode emoji."""
    MESSAGE = enum.auto()
    """The content of messages, which is only trimmed."""


_DIRECTION: Final = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f"
_BREAK: Final = re.compile("\r\n|[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]")
_LINE_BREAK: Final = re.compile("\r\n|[\v\f\r\x85\u2028\u2029]")
_UNSEEN_IN_LINES: Final = re.compile(f"[\x00-\x08\x0e-\x1f\x7f-\x9f{_DIRECTION}]")
_UNSEEN_IN_LINE: Final = re.compile(f"[\x00-\x1f\x7f-\x9f\xad\u180e\u200b\u2060-\u2065\ufeff{_DIRECTION}]")
"""The characters that a single line loses too: places for line breaks, and characters that show nothing."""
_SPACES: Final = re.compile(r"\s{2,}")
_BLANK: Final = re.compile(
    "[\\s\xad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0"
    "\U000e0000-\U000e0fff]*"
)
"""White space, and the characters that fonts draw as nothing: joiners, fillers, variation selectors, tags."""


_MAX_MARKS: Final = 30
"""The marks that a letter keeps. Real writing has a few."""
_MAX_EXPANSION: Final = 4
"""A composed character stands for so many code points at most, so a text that has more is too long composed as well."""


def compose(text: str) -> str:
    """Return the text in NFC, with 30 marks on a letter at most, in linear time."""
    if text.isascii():
        return text
    # What is composed may have more marks than before: some are two in one.
    return _drop_marks(unicodedata.normalize("NFC", _drop_marks(text)))


def _drop_marks(text: str) -> str:
    if len(text) <= _MAX_MARKS:
        return text
    kept: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= _MAX_MARKS:
            kept.append(character)
    return text if len(kept) == len(text) else "".join(kept)


def _clean_line(text: str) -> str:
    return _UNSEEN_IN_LINE.sub("", _BREAK.sub(" ", text)).strip()


def _clean_name(text: str) -> str:
    return _SPACES.sub(" ", _clean_line(text))


def _clean_lines(text: str) -> str:
    return _UNSEEN_IN_LINES.sub("", _LINE_BREAK.sub("\n", text)).strip()


_CLEANERS: Final[Mapping[Kind, Callable[[str], str]]] = {
    Kind.NAME: _clean_name,
    Kind.LINE: _clean_line,
    Kind.LINES: _clean_lines,
    Kind.EMOJI: _clean_line,
    Kind.MESSAGE: str.strip,
}


class Text(msgspec.Struct, kw_only=True, frozen=True):
    """The definition of one text. Lengths are in code points."""

    kind: Kind
    min_length: int = 0
    max_length: int
    is_optional: bool = False
    """Whether a blank text means null."""

    def clean(self, given: str) -> str:
        """Return the text as it is stored, "" when it is blank. It may still be too long or too short."""
        if self.kind is Kind.MESSAGE:
            return given.strip()
        cleaned = _CLEANERS[self.kind](given)
        if len(cleaned) <= _MAX_EXPANSION * self.max_length:
            # A removed character may have stood between a letter and its accent, so composition comes last.
            cleaned = compose(cleaned)
        return "" if _BLANK.fullmatch(cleaned) else cleaned

    def find_error(self, cleaned: str, path: tuple[str | int, ...] = ()) -> FieldError | None:
        """Return the error of a text that was cleaned, if any."""
        if not cleaned and self.min_length:
            return FieldError(path, "BASE_TYPE_REQUIRED", "This field is required")
        if self.min_length <= len(cleaned) <= self.max_length:
            if self.kind is Kind.EMOJI and cleaned and not is_emoji(cleaned):
                return FieldError(path, "BASE_TYPE_INVALID", "Must be one emoji.")
            return None
        if self.min_length:
            text = f"Must be between {self.min_length} and {self.max_length} in length."
            return FieldError(path, "BASE_TYPE_BAD_LENGTH", text)
        return FieldError(path, "BASE_TYPE_MAX_LENGTH", f"Must be {self.max_length} or fewer in length.")

    def parse(self, given: str, *path: str | int) -> str:
        """Return the text as it is stored.

        Raises:
            Invalid: naming `path`, when it is too long or too short.
        """
        cleaned = self.clean(given)
        error = self.find_error(cleaned, path)
        if error is not None:
            raise Invalid(error)
        return cleaned


USERNAME: Final = Text(kind=Kind.NAME, min_length=2, max_length=32)
GLOBAL_NAME: Final = Text(kind=Kind.NAME, max_length=32, is_optional=True)
NICK: Final = Text(kind=Kind.NAME, max_length=32, is_optional=True)
BIO: Final = Text(kind=Kind.LINES, max_length=190)
NOTE: Final = Text(kind=Kind.LINES, max_length=256)
PRONOUNS: Final = Text(kind=Kind.LINE, max_length=40)
APPLICATION_NAME: Final = Text(kind=Kind.NAME, min_length=2, max_length=32)
APPLICATION_DESCRIPTION: Final = Text(kind=Kind.LINES, max_length=400)
APPLICATION_TAG: Final = Text(kind=Kind.LINE, min_length=1, max_length=20)
GUILD_NAME: Final = Text(kind=Kind.LINE, min_length=2, max_length=100)
GUILD_DESCRIPTION: Final = Text(kind=Kind.LINES, max_length=300, is_optional=True)
ROLE_NAME: Final = Text(kind=Kind.LINE, min_length=1, max_length=100)
UNICODE_EMOJI: Final = Text(kind=Kind.EMOJI, max_length=100, is_optional=True)
WEBHOOK_NAME: Final = Text(kind=Kind.NAME, min_length=1, max_length=80)
CHANNEL_NAME: Final = Text(kind=Kind.LINE, min_length=1, max_length=100)
TOPIC: Final = Text(kind=Kind.LINES, max_length=1024, is_optional=True)
VOICE_STATUS: Final = Text(kind=Kind.LINE, max_length=500, is_optional=True)
STAGE_TOPIC: Final = Text(kind=Kind.LINE, min_length=1, max_length=120)
FORUM_TOPIC: Final = Text(kind=Kind.LINES, max_length=4096, is_optional=True)
REASON: Final = Text(kind=Kind.LINES, max_length=512, is_optional=True)
POLL_QUESTION: Final = Text(kind=Kind.LINE, min_length=1, max_length=300)
POLL_ANSWER: Final = Text(kind=Kind.LINE, min_length=1, max_length=55)
ANNOUNCEMENT: Final = Text(kind=Kind.MESSAGE, min_length=1, max_length=2000)
MESSAGE_CONTENT: Final = Text(kind=Kind.MESSAGE, max_length=2000)
ATTACHMENT_TITLE: Final = Text(kind=Kind.LINE, max_length=1024, is_optional=True)
ATTACHMENT_DESCRIPTION: Final = Text(kind=Kind.LINES, max_length=1024, is_optional=True)
