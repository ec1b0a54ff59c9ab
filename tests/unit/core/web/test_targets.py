"""Addresses on the web: what is fetched at all, and what redirects and pages may name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from core.web.address_rules import AddressRules
from core.web.errors import RefusedTarget
from core.web.targets import parse_target, resolve_target

RULES = AddressRules(allowed_networks=(), ports=(80, 443, 8443))


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://example.org/", "http://example.org/"),
        ("HTTPS://Example.org:8443/a?b=c#d", "https://example.org:8443/a?b=c"),
        ("http://bücher.example/ü", "http://xn--bcher-kva.example/%C3%BC"),
        ("https://example.org:443/", "https://example.org/"),
    ],
)
def test_address_of_the_web_is_taken_without_its_fragment(text: str, url: str) -> None:
    assert str(parse_target(text, RULES)) == url


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "example.org",
            "//example.org",
            "/path",
            "http://",
            "http:///path",
            "ftp://example.org",
            "file:///etc/passwd",
        ),
        *("gopher://example.org:80/", "javascript:alert(1)", "data:text/html,x", "https:example.org"),
        *("http://user@example.org/", "http://user:secret@example.org/", "http://:secret@example.org/"),
        *("http://example.org:22/", "http://example.org:0/", "http://example.org:99999/", "http://example.org:x/"),
        *("http://[::1", "http://exa mple.org/", "http://" + "a" * 3000),
    ],
)
def test_other_address_is_refused(text: str) -> None:
    with pytest.raises(RefusedTarget):
        parse_target(text, RULES)


@given(st.text(max_size=60))
def test_any_text_is_taken_or_refused(text: str) -> None:
    for prefix in ("", "http://", "https://a/"):
        try:
            url = parse_target(prefix + text, RULES)
        except RefusedTarget:
            continue
        assert url.scheme in ("http", "https")
        assert url.raw_host
        assert url.port in (80, 443, 8443)
        assert url.user is None
        assert url.password is None


def test_relative_address_is_that_of_its_page() -> None:
    base = URL("https://example.org/a/b?c")
    assert str(resolve_target(base, " ../d.png ", RULES)) == "https://example.org/d.png"
    assert str(resolve_target(base, "//cdn.example/d", RULES)) == "https://cdn.example/d"


@pytest.mark.parametrize("text", ["file:///etc/passwd", "http://u:p@example.org", "//example.org:22", "http://[bad"])
def test_page_cannot_name_what_is_no_address_of_the_web(text: str) -> None:
    with pytest.raises(RefusedTarget):
        resolve_target(URL("https://example.org/"), text, RULES)
