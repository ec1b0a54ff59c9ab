"""Pictures of senders' embeds."""

from typing import Any

import msgspec

from api.services.previews.embed_pictures import EmbedPictures
from api.services.previews.external_links import ExternalLinks

LINKS = ExternalLinks(key=b"key", base_url="https://chat.example")
URL = "https://cdn.example/p.png"


def link(pictures: EmbedPictures, *embeds: dict[str, Any]) -> Any:
    return msgspec.json.decode(pictures.link(msgspec.Raw(msgspec.json.encode(embeds))))


def test_each_picture_has_a_link_through_this_server() -> None:
    proxy = LINKS.link_to(URL)
    linked = link(
        EmbedPictures(links=LINKS),
        {
            "type": "rich",
            "image": {"url": URL},
            "thumbnail": {"url": "attachment://x.png"},
            "author": {"name": "a", "icon_url": URL},
            "footer": {"text": "f", "icon_url": URL},
        },
    )
    assert linked == [
        {
            "type": "rich",
            "image": {"url": URL, "proxy_url": proxy},
            "thumbnail": {"url": "attachment://x.png"},
            "author": {"name": "a", "icon_url": URL, "proxy_icon_url": proxy},
            "footer": {"text": "f", "icon_url": URL, "proxy_icon_url": proxy},
        }
    ]


def test_server_that_fetches_nothing_links_nothing() -> None:
    sent = {"type": "rich", "image": {"url": URL}}
    assert link(EmbedPictures(links=None), sent) == [sent]
