"""Links to pictures of other servers."""

from hypothesis import given
from hypothesis import strategies as st

from api.services.previews.external_links import ExternalLinks

LINKS = ExternalLinks(key=b"key", base_url="https://chat.example/")
URL = "https://cdn.example/a//b/../c.png?d=%2F&e=ü"


def take_apart(link: str) -> tuple[str, str]:
    head, signature, address = link.rsplit("/", 2)
    assert head == "https://chat.example/external"
    return signature, address


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_link_leads_to_its_picture(url: str) -> None:
    assert LINKS.find_address(*take_apart(LINKS.link_to(url))) == url


def test_address_is_one_segment_that_proxies_leave_alone() -> None:
    _, address = take_apart(LINKS.link_to(URL))
    assert address.replace("-", "").replace("_", "").isalnum()


def test_link_of_another_key_is_none() -> None:
    other = ExternalLinks(key=b"other", base_url="https://chat.example")
    assert LINKS.find_address(*take_apart(other.link_to(URL))) is None


def test_signature_is_of_one_address() -> None:
    signature, _ = take_apart(LINKS.link_to(URL))
    _, address = take_apart(LINKS.link_to("http://127.0.0.1/"))
    assert LINKS.find_address(signature, address) is None


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_is_no_link(signature: str, address: str) -> None:
    assert LINKS.find_address(signature, address) is None
