"""Polls on the wire (PollResponse)."""

import msgspec
from msgspec import UNSET, UnsetType

from core.domain.ids import created_ms
from core.domain.messages.poll import DEFAULT_LAYOUT, Poll, PollAnswer
from core.wire.objects.messages.reaction import ReactionEmojiObject
from core.wire.times import iso_time

_MS_PER_HOUR = 60 * 60 * 1000


class PollMediaObject(msgspec.Struct, kw_only=True):
    """What a question or an answer says. A question has no emoji."""

    text: str
    emoji: ReactionEmojiObject | UnsetType = UNSET


class PollAnswerObject(msgspec.Struct, kw_only=True):
    """An answer. The ids count from 1."""

    answer_id: int
    poll_media: PollMediaObject


class PollResultsObject(msgspec.Struct, kw_only=True):
    """The votes. Nobody can vote yet, so there are none, and none were counted at the end."""

    is_finalized: bool = False
    answer_counts: list[str] = []


class PollObject(msgspec.Struct, kw_only=True):
    """A message's poll."""

    question: PollMediaObject
    answers: list[PollAnswerObject]
    expiry: str
    allow_multiselect: bool
    layout_type: int = DEFAULT_LAYOUT
    results: PollResultsObject


def render_poll(message_id: int, poll: Poll) -> PollObject:
    """Return the poll of a message. It is open from the message's own time on."""
    return PollObject(
        question=PollMediaObject(text=poll.question),
        answers=[
            PollAnswerObject(answer_id=number, poll_media=_render_answer(answer))
            for number, answer in enumerate(poll.answers, 1)
        ],
        expiry=iso_time(created_ms(message_id) + poll.hours * _MS_PER_HOUR),
        allow_multiselect=poll.allow_multiselect,
        results=PollResultsObject(),
    )


def _render_answer(answer: PollAnswer) -> PollMediaObject:
    emoji = UNSET if answer.emoji is None else ReactionEmojiObject(name=answer.emoji)
    return PollMediaObject(text=answer.text, emoji=emoji)
