"""oEmbed documents of all sites."""

from hypothesis import given
from hypothesis import strategies as st

from core.web.oembed import NOTHING, parse_oembed


def test_numbers_may_be_text_and_nothing_may_be_null() -> None:
    document = parse_oembed(
        b'{"type":"video","title":" T ","author_name":null,"thumbnail_width":"480","thumbnail_height":360,'
        b'"width":true,"html":"<iframe>","provider_name":["x"]}'
    )
    assert (document.type, document.title, document.author_name, document.provider_name) == ("video", "T", "", "")
    assert (document.thumbnail_width, document.thumbnail_height, document.width) == ("480", "360", "")


def test_what_is_no_document_says_nothing() -> None:
    for data in (b"", b"[]", b"null", b"<xml/>", b'{"title":', b"[" * 60_000, b'{"type":"\xff"}'):
        assert parse_oembed(data) == NOTHING


@given(st.binary(max_size=200))
def test_any_bytes_are_read(data: bytes) -> None:
    parse_oembed(data)
