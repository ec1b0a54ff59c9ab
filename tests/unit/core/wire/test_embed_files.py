"""Embeds show files of their own message by name."""

from typing import Any

import msgspec
import pytest

from core.domain.messages.attachment import Attachment
from core.wire.objects.messages.attachment import AttachmentObject, render_attachment
from core.wire.objects.messages.embed_files import name_embed_files, show_embed_files

CHANNEL = 7
CAT = Attachment(id=1, filename="my_cat.png", title="my cat.png", size=5, content_type="image/png", width=40, height=30)
DOG = Attachment(id=2, filename="dog.png", size=5, content_type="image/png", width=4, height=3)


def link_to(channel_id: int, attachment: Attachment) -> str:
    return f"https://chat.example/attachments/{channel_id}/{attachment.id}/{attachment.filename}?ex=1&"


def render(*files: Attachment) -> list[AttachmentObject]:
    return [render_attachment(CHANNEL, each, link_to) for each in files]


def raw(*embeds: dict[str, Any]) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode([{"type": "rich", **embed} for embed in embeds]))


def shown(embeds: msgspec.Raw, *files: Attachment) -> tuple[list[Any], list[str]]:
    linked, rest = show_embed_files(embeds, render(*files))
    return msgspec.json.decode(linked), [each.filename for each in rest]


@pytest.mark.parametrize("url", ["attachment://my_cat.png", "attachment://my cat.png", "ATTACHMENT://my%20cat.png"])
@pytest.mark.parametrize("place", ["image", "thumbnail"])
def test_picture_has_link_and_size_of_the_file_which_is_no_attachment_any_more(place: str, url: str) -> None:
    (embed,), rest = shown(raw({place: {"url": url}}), CAT, DOG)
    link = link_to(CHANNEL, CAT)
    facts = {"width": 40, "height": 30, "content_type": "image/png"}
    assert embed[place] == {"url": link, "proxy_url": link, **facts}
    assert rest == ["dog.png"]


def test_icons_are_files_too_and_one_file_may_be_shown_twice() -> None:
    icon = {"icon_url": "attachment://dog.png"}
    (first, second), rest = shown(raw({"author": {"name": "a", **icon}}, {"footer": {"text": "b", **icon}}), DOG)
    link = link_to(CHANNEL, DOG)
    assert first["author"] == {"name": "a", "icon_url": link, "proxy_icon_url": link}
    assert second["footer"] == {"text": "b", "icon_url": link, "proxy_icon_url": link}
    assert rest == []


def test_name_without_a_file_stays_and_takes_none_away() -> None:
    embeds = raw({"image": {"url": "attachment://bird.png"}})
    (embed,), rest = shown(embeds, CAT)
    assert embed["image"]["url"] == "attachment://bird.png"
    assert rest == ["my_cat.png"]


def test_embeds_without_names_are_the_same_bytes() -> None:
    embeds = raw({"image": {"url": "https://a.example/b.png"}})
    linked, rest = show_embed_files(embeds, render(CAT))
    assert linked is embeds
    assert [each.filename for each in rest] == ["my_cat.png"]


def test_links_that_come_back_are_names_again_but_not_those_of_other_messages() -> None:
    strange = msgspec.structs.replace(DOG, id=9)
    embeds = raw(
        {"image": {"url": link_to(CHANNEL, CAT)}, "thumbnail": {"url": link_to(CHANNEL, strange)}},
        {"image": {"url": link_to(CHANNEL + 1, CAT)}, "footer": {"text": "x", "icon_url": link_to(CHANNEL, DOG)}},
    )
    first, second = msgspec.json.decode(name_embed_files(embeds, CHANNEL, [CAT, DOG]))
    assert first["image"]["url"] == "attachment://my_cat.png"
    assert first["thumbnail"]["url"] == link_to(CHANNEL, strange)
    assert second["image"]["url"] == link_to(CHANNEL + 1, CAT)
    assert second["footer"]["icon_url"] == "attachment://dog.png"
    assert name_embed_files(embeds, CHANNEL, []) is embeds
