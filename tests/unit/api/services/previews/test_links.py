"""The links of a message that get previews."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.services.previews.links import MAX_LINKS, find_links

A, B = "https://a.example/x", "http://b.example"


@pytest.mark.parametrize(
    ("content", "links"),
    [
        (f"{A} and {B}", [A, B]),
        (f"{A}\n{A} again", [A]),
        (f"see {A}.", [A]),
        (f"see ({A}), {B}!", [A, B]),
        (f"[text]({A}) and [more](<{B}>)", [A]),
        ("https://en.example/wiki/A_(b)", ["https://en.example/wiki/A_(b)"]),
        ("(https://en.example/wiki/A_(b))", ["https://en.example/wiki/A_(b)"]),
        (f"**{A}** _{B}_", [A, B]),
        (f"<{A}> {B}", [B]),
        (f"`{A}` {B}", [B]),
        (f"``{A} ` `` {B}", [B]),
        (f"```\n{A}\n``` {B}", [B]),
        (f"||{A}|| {B}", [B]),
        (f"|| {A}", [A]),
        (f"` {A}", [A]),
        (f"``` {A}", [A]),
        (f"`one` {A} `two` {B} ` rest", [A, B]),
        ("HTTPS://A.example/X", ["HTTPS://A.example/X"]),
        ("https:// http:/x http//y ftp://z javascript://x", []),
        ("nothing here", []),
        ("https://a.example/?q=1&r=[2]#f", ["https://a.example/?q=1&r=[2]#f"]),
    ],
)
def test_links_are_those_that_are_not_hidden(content: str, links: list[str]) -> None:
    assert find_links(content) == links


def test_five_links_count() -> None:
    content = " ".join(f"https://{number}.example" for number in range(9))
    assert find_links(content) == [f"https://{number}.example" for number in range(MAX_LINKS)]


@given(st.lists(st.sampled_from([*"ab`|<>()[].,:/ \n", "https://"])).map("".join))
def test_links_are_parts_of_the_text(content: str) -> None:
    for link in find_links(content):
        assert link in content
        assert link.lower().startswith(("http://", "https://"))


@pytest.mark.parametrize("unit", ["`", "|", "``` ", "<https://", "https://", "https://a" + ")" * 50, "https://a "])
def test_text_that_is_written_to_be_slow_is_read_in_time(unit: str) -> None:
    content = unit * (4000 // len(unit)) + "://"
    began = time.thread_time()  # what others do on the processor meanwhile does not count
    find_links(content)
    assert time.thread_time() - began < 0.25
