"""The previews among a message's embeds."""

from typing import Any

import msgspec

from api.services.previews.stored_previews import add_previews, find_missing, keep_previews
from core.wire.objects.messages.embed import NO_EMBEDS, Embed

A, B = "https://a.example", "https://b.example"
RICH = {"type": "rich", "title": "sent", "url": A}


def preview(link: str, title: str = "page") -> Embed:
    return Embed(type="link", url=link, title=title)


def as_json(*embeds: Any) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(embeds))


def show(embeds: msgspec.Raw) -> list[tuple[str, str]]:
    return [(embed["type"], embed["title"]) for embed in msgspec.json.decode(embeds)]


def test_links_without_a_preview_are_missing() -> None:
    assert find_missing(f"{A} {B}", NO_EMBEDS) == [A, B]
    assert find_missing(f"{A} {B}", as_json(RICH, preview(B))) == [A]
    assert find_missing("no link", as_json(RICH)) == []


def test_previews_stand_behind_the_sender_s_in_the_order_of_links() -> None:
    stored = as_json(RICH, preview(B, "b"))
    added = add_previews(f"{A} {B}", stored, {A: preview(A, "a")})
    assert show(added) == [("rich", "sent"), ("link", "a"), ("link", "b")]


def test_preview_of_a_link_that_is_gone_is_not_added() -> None:
    assert show(add_previews(B, NO_EMBEDS, {A: preview(A)})) == []


def test_newer_preview_of_a_link_takes_the_place_of_the_older() -> None:
    assert show(add_previews(A, as_json(preview(A, "old")), {A: preview(A, "new")})) == [("link", "new")]


def test_edited_message_keeps_the_previews_of_links_that_it_still_has() -> None:
    stored = as_json(RICH, preview(A, "a"), preview(B, "b"))
    assert show(keep_previews(B, as_json({**RICH, "title": "new"}), stored)) == [("rich", "new"), ("link", "b")]
    assert show(keep_previews("none", stored, stored)) == [("rich", "sent")]
    assert show(keep_previews(A, NO_EMBEDS, stored)) == [("link", "a")]


def test_message_has_ten_embeds_at_most() -> None:
    stored = as_json(*[RICH] * 9)
    assert len(show(add_previews(f"{A} {B}", stored, {A: preview(A), B: preview(B)}))) == 10
