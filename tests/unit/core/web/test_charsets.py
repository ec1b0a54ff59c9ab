"""The charset of a page."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.web.charsets import decode_page


def test_server_s_word_goes_before_the_page_s() -> None:
    page = '<meta charset="iso-8859-1">ä'.encode()
    assert decode_page(page, "utf-8").endswith("ä")
    assert decode_page(page, "").endswith("Ã¤")


def test_older_declaration_is_read() -> None:
    page = b'<meta http-equiv="Content-Type" content="text/html; charset=Shift_JIS">' + "日本".encode("shift_jis")
    assert decode_page(page, "").endswith("日本")


@pytest.mark.parametrize(
    "name", ["punycode", "unicode_escape", "idna", "zip", "rot13", "no-such", "utf-7", "\0", "hex"]
)
def test_name_of_no_charset_of_the_web_means_utf_8(name: str) -> None:
    assert decode_page("ä".encode(), name) == "ä"


@given(st.binary(max_size=200), st.text(max_size=20))
def test_any_bytes_are_decoded(data: bytes, name: str) -> None:
    assert isinstance(decode_page(data, name), str)
