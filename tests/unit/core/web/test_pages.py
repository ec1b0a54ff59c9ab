"""What pages say of themselves."""

import html
import time
from collections.abc import AsyncIterator
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.web.pages import PageFacts, parse_page, read_head

PAGE = """<!doctype html><html><head><title> A &amp; B </title>
<meta property="og:title" content="Card &quot;title&quot;"><META NAME='Description' CONTENT=plain>
<meta property="og:title" content="second"><meta property="og:image" content="">
<meta name="og:image" content="/p.png"><meta property="og:description">
<link rel="alternate" type="application/json+oembed" href="/oembed?x=1&amp;y=2"></head><body>"""


def test_first_tag_of_each_name_that_says_something_counts() -> None:
    facts = parse_page(PAGE)
    assert facts == PageFacts(
        title="A & B",
        meta={"og:title": 'Card "title"', "description": "plain", "og:image": "/p.png"},
        oembed="/oembed?x=1&y=2",
    )
    assert facts.find("og:description", "description") == "plain"
    assert facts.find("nothing") == ""


@given(st.text(max_size=300))
def test_any_text_is_read(html: str) -> None:
    parse_page(html)
    parse_page(f"<head><meta property='{html}' content='{html}'><link {html}>")


_names = st.sampled_from(["og:title", "description", "x"])
_values = st.text(st.sampled_from("ab'&;<= \n"), max_size=12)


@given(st.lists(st.tuples(_names, _values, st.sampled_from(["property", "NAME"]))), st.text("ab &;", max_size=12))
def test_tags_say_what_the_standard_library_reads(tags: list[tuple[str, str, str]], title: str) -> None:
    shown = "".join(f'<meta {kind}="{name}" content="{value}">' for name, value, kind in tags)
    page = f"<!-- <title>no</title> --><title>{title}</title><script>'<meta name=x content=y>'</script><p a='>'>{shown}"
    reader = _Reader()
    reader.feed(page)
    facts = parse_page(page)
    assert facts.meta == reader.meta
    assert facts.title == html.unescape(title).strip()


class _Reader(HTMLParser):
    """The standard library's parser, which notes the same of meta tags."""

    def __init__(self) -> None:
        super().__init__()
        self.meta: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        name = attributes.get("property") or attributes.get("name")
        content = (attributes.get("content") or "").strip()
        if tag == "meta" and name and content:
            self.meta.setdefault(name, content)


def test_body_and_what_is_no_tag_end_the_reading() -> None:
    assert parse_page("<metadata name=a content=b><meta name=c content=d><body><meta name=e content=f>").meta == {
        "c": "d"
    }
    assert parse_page("<meta name=a content=don't stop><meta name=b content=c").meta == {"a": "don't"}
    assert parse_page("<meta name=a content='x><meta name=b content=c>").meta["a"].startswith("'x")
    assert parse_page("<!-- <meta name=a content=b>").meta == {}


@pytest.mark.parametrize(
    "unit",
    ["<!--", "<div>", "<title>", "<script>", "<meta ", "<meta content='", "<meta a=' b=\" ", "<meta a='' ", "&", "<"],
)
def test_page_that_is_written_to_be_slow_is_read_in_time(unit: str) -> None:
    page = unit * (1_048_576 // len(unit))
    for text in (page, f"<meta {page}>", f"<title>{page}", f"<meta content='{page}"):
        began = time.process_time()
        parse_page(text)
        assert time.process_time() - began < 2  # it takes a tenth; quadratic time would be minutes


@pytest.mark.parametrize("mark", "<=")
def test_page_is_looked_at_up_to_so_many_costly_characters(mark: str) -> None:
    tag = "<meta name=a content=b>"
    assert parse_page(mark * 39_000 + tag).meta == {"a": "b"}
    assert parse_page(mark * 40_000 + tag).meta == {}


async def cut(data: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


@pytest.mark.parametrize("size", [1, 2, 5, 6, 7, 4096])
async def test_head_is_read_to_its_end_and_no_further(size: int) -> None:
    read = await read_head(cut(b"<title>x</title></HEAD>" + b"y" * 100_000, size), 1_000_000)
    assert read.startswith(b"<title>x</title></HEAD")
    assert len(read) < 4200


async def test_page_without_an_end_of_its_head_is_read_to_the_bound() -> None:
    assert len(await read_head(cut(b"x" * 100_000, 4096), 10_000)) == 10_000
