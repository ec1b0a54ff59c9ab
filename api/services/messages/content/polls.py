"""Polls of senders: they are checked against Discord's limits (documentation, "Poll Create Request Object")."""

from typing import Annotated

import msgspec

from api.forms.form import SnowflakeField
from api.forms.marks import text as text_of
from core.domain.errors import Invalid, invalid_field
from core.domain.messages.poll import DEFAULT_HOURS, DEFAULT_LAYOUT, MAX_ANSWERS, MAX_HOURS, Poll, PollAnswer
from core.domain.texts import POLL_ANSWER, POLL_QUESTION, UNICODE_EMOJI


class PollEmojiForm(msgspec.Struct, kw_only=True):
    """`emoji` of an answer. `animated` is accepted and ignored, as Discord does."""

    id: SnowflakeField | None = None
    name: Annotated[str, text_of(UNICODE_EMOJI)] | None = None


class PollQuestionForm(msgspec.Struct, kw_only=True):
    """`question`, which is text alone."""

    text: Annotated[str, text_of(POLL_QUESTION)]


class PollMediaForm(msgspec.Struct, kw_only=True):
    """`poll_media` of an answer."""

    text: Annotated[str, text_of(POLL_ANSWER)]
    emoji: PollEmojiForm | None = None


class PollAnswerForm(msgspec.Struct, kw_only=True):
    """An answer of a new poll."""

    poll_media: PollMediaForm


class PollForm(msgspec.Struct, kw_only=True):
    """`poll` of a new message."""

    question: PollQuestionForm
    answers: Annotated[list[PollAnswerForm], msgspec.Meta(min_length=1, max_length=MAX_ANSWERS)]
    duration: Annotated[int, msgspec.Meta(ge=1, le=MAX_HOURS)] | None = None
    allow_multiselect: bool | None = None
    layout_type: int | None = None


def parse_poll(form: PollForm) -> Poll:
    """Check a new poll. Raises Invalid on an emoji of a guild, and on another layout."""
    if form.layout_type not in (None, DEFAULT_LAYOUT):
        raise invalid_field(("poll", "layout_type"), "BASE_TYPE_CHOICES", f"Value must be one of ({DEFAULT_LAYOUT},).")
    return Poll(
        question=form.question.text,
        answers=tuple(_parse_answer(number, answer) for number, answer in enumerate(form.answers)),
        hours=form.duration or DEFAULT_HOURS,
        allow_multiselect=bool(form.allow_multiselect),
    )


def _parse_answer(number: int, form: PollAnswerForm) -> PollAnswer:
    emoji = form.poll_media.emoji
    if emoji is None or (emoji.id is None and not emoji.name):
        return PollAnswer(form.poll_media.text)
    if emoji.id is not None:
        raise _unknown_emoji(("poll", "answers", number, "poll_media", "emoji"))
    return PollAnswer(form.poll_media.text, emoji.name)


def _unknown_emoji(path: tuple[str | int, ...]) -> Invalid:
    return invalid_field(path, "POLL_EMOJI_INVALID", "This server has no such emoji.")
