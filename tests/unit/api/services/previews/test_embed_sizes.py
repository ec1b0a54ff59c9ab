"""Which pictures of senders' embeds are measured, and what they get."""

from typing import Any

import msgspec

from api.services.previews.embed_sizes import MAX_PICTURES, list_unmeasured, put_sizes
from core.wire.objects.messages.embed import EmbedMedia


def raw(*embeds: dict[str, Any]) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(embeds))


def picture(name: str, **fields: Any) -> dict[str, Any]:
    return {"url": f"https://a.example/{name}", "proxy_url": "https://chat.example/external/x", **fields}


def test_pictures_without_a_size_are_listed_once_and_no_other_ones() -> None:
    embeds = raw(
        {"type": "rich", "image": picture("a"), "thumbnail": picture("b", width=1, height=1)},
        {"type": "rich", "image": {"url": "attachment://c"}, "thumbnail": picture("a")},
        {"type": "link", "thumbnail": picture("d")},
    )
    assert list_unmeasured(embeds) == ["https://a.example/a"]
    assert list_unmeasured(raw()) == []
    many = [{"type": "rich", "image": picture(f"{n}"), "thumbnail": picture(f"{n}s")} for n in range(10)]
    assert len(list_unmeasured(raw(*many))) == MAX_PICTURES


def test_size_goes_to_each_picture_of_the_address_that_has_none() -> None:
    embeds = raw({"type": "rich", "image": picture("a"), "thumbnail": picture("a", width=1, height=1)})
    found = {"https://a.example/a": EmbedMedia(url="x", width=40, height=30, content_type="image/png")}
    (embed,) = msgspec.json.decode(put_sizes(embeds, found))
    assert embed["image"] == picture("a", width=40, height=30, content_type="image/png")
    assert embed["thumbnail"] == picture("a", width=1, height=1)
    assert put_sizes(embeds, {}) is embeds
