"""Embeds of what pages and sites say."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from api.services.previews.external_links import ExternalLinks
from api.services.previews.preview_embeds import Picture, PreviewEmbeds
from core.web.address_rules import AddressRules
from core.web.oembed import NOTHING, OEmbed
from core.web.pages import PageFacts
from core.wire.objects.messages.embed import Embed

LINKS = ExternalLinks(key=b"key", base_url="https://chat.example")
EMBEDS = PreviewEmbeds(links=LINKS, rules=AddressRules(allowed_networks=(), ports=(80, 443)))
LINK = "https://t.example/1"
BASE = URL("https://site.example/page")


def show(document: OEmbed = NOTHING, title: str = "", **meta: str) -> dict[str, object] | None:
    named = {name.replace("_", ":"): content for name, content in meta.items()}
    embed = EMBEDS.show_page(LINK, BASE, PageFacts(title=title, meta=named), document)
    shown: dict[str, object] | None = msgspec.to_builtins(embed)
    return shown


def test_page_has_the_fields_of_its_card() -> None:
    facts = PageFacts(
        title="plain",
        meta={
            "og:title": "Title",
            "og:description": "Two\nlines",
            "og:site_name": "Site",
            "og:type": "article",
            "og:image": "/p.png",
            "og:image:width": "1200",
            "og:image:height": "630",
            "og:image:alt": "a picture",
            "theme-color": "#ff8000",
        },
    )
    picture = "https://site.example/p.png"
    assert msgspec.to_builtins(EMBEDS.show_page(LINK, BASE, facts, NOTHING)) == {
        "type": "article",
        "url": LINK,
        "title": "Title",
        "description": "Two\nlines",
        "color": 0xFF8000,
        "provider": {"name": "Site"},
        "thumbnail": {
            "url": picture,
            "proxy_url": LINKS.link_to(picture),
            "width": 1200,
            "height": 630,
            "description": "a picture",
        },
    }


def test_oembed_document_fills_what_the_page_does_not_say() -> None:
    document = OEmbed(
        type="video",
        title="Film",
        author_name="Ann",
        author_url="https://site.example/ann",
        provider_name="Films",
        provider_url="https://site.example/",
        thumbnail_url="https://cdn.example/t.jpg",
        thumbnail_width="480",
        thumbnail_height="360",
    )
    shown = show(
        document, og_video="https://site.example/film.mp4", **{"og:video:width": "640", "og:video:height": "480"}
    )
    assert shown is not None
    assert (shown["type"], shown["title"]) == ("video", "Film")
    assert shown["author"] == {"name": "Ann", "url": "https://site.example/ann"}
    assert shown["provider"] == {"name": "Films", "url": "https://site.example/"}
    assert shown["video"] == {"url": "https://site.example/film.mp4", "width": 640, "height": 480}
    assert shown["thumbnail"] == {
        "url": "https://cdn.example/t.jpg",
        "proxy_url": LINKS.link_to("https://cdn.example/t.jpg"),
        "width": 480,
        "height": 360,
    }


@pytest.mark.parametrize(
    ("meta", "kind"),
    [({}, "link"), ({"twitter_card": "summary_large_image"}, "article"), ({"og_type": "article"}, "article"), ({"og_type": "video.other"}, "link")],
)  # fmt: skip
def test_type_is_that_of_the_card(meta: dict[str, str], kind: str) -> None:
    shown = show(title="Title", **meta)
    assert shown == {"type": kind, "url": LINK, "title": "Title"}


def test_page_that_says_nothing_has_no_embed() -> None:
    assert show() is None
    assert show(og_site_name="Site", **{"theme-color": "#fff"}) is None
    assert show(og_title=" \0 ") is None


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "file:///etc/passwd", "http://u:p@x.example/", "//x.example:22/"]
)
def test_address_that_is_none_of_the_web_is_left_out(url: str) -> None:
    document = OEmbed(author_name="Ann", author_url=url, provider_name="Site", provider_url=url)
    shown = show(document, title="Title", og_image=url, og_video=url)
    assert shown == {
        "type": "link",
        "url": LINK,
        "title": "Title",
        "author": {"name": "Ann"},
        "provider": {"name": "Site"},
    }


def test_picture_is_the_thumbnail_of_its_link() -> None:
    picture = Picture(url="https://cdn.example/p.webp", content_type="image/webp", size=(10, 20))
    assert msgspec.to_builtins(EMBEDS.show_picture(LINK, picture)) == {
        "type": "image",
        "url": LINK,
        "thumbnail": {
            "url": picture.url,
            "proxy_url": LINKS.link_to(picture.url),
            "width": 10,
            "height": 20,
            "content_type": "image/webp",
        },
    }


@given(
    st.dictionaries(
        st.sampled_from(["og:title", "og:description", "og:image", "og:video", "theme-color", "og:type"]),
        st.text(st.characters()),
    )
)
def test_whatever_a_page_says_can_be_stored(meta: dict[str, str]) -> None:
    embed = EMBEDS.show_page(LINK, BASE, PageFacts(meta=meta), NOTHING)
    if embed is not None:
        assert msgspec.json.decode(msgspec.json.encode(embed), type=Embed) == embed
        assert embed.type != "rich"
