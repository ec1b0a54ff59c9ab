"""JSON out of the bodies in which clients send messages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.http.html_forms import find_json
from core.domain.errors import Invalid, NotBuilt

FORM = "multipart/form-data; boundary=b"


def part(value: str, disposition: str) -> str:
    return f"--b\r\nContent-Disposition: form-data; {disposition}\r\n\r\n{value}\r\n"


def form(*parts: str) -> bytes:
    return ("".join(parts) + "--b--\r\n").encode()


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=utf-8", "", "text/plain", ";;="]
)
def test_body_of_other_types_is_json_itself(content_type: str) -> None:
    assert find_json(b'{"content": "x"}', content_type) == b'{"content": "x"}'


def test_form_payload_is_the_json() -> None:
    body = form(part('{"content": "é"}', 'name="payload_json"'), part("no", 'name="content"'))
    assert find_json(body, FORM) == '{"content": "é"}'.encode()


def test_form_without_payload_is_made_of_its_fields() -> None:
    assert find_json(form(part("a b", 'name="content"'), part("true", 'name="tts"')), FORM) == (
        b'{"content":"a b","tts":"true"}'
    )
    assert find_json(b"content=a+b&tts=", "application/x-www-form-urlencoded") == b'{"content":"a b","tts":""}'


def test_form_with_a_file_is_not_built() -> None:
    body = form(part("{}", 'name="payload_json"'), part("x", 'name="files[0]"; filename="a.txt"'))
    with pytest.raises(NotBuilt):
        find_json(body, FORM)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"{}", FORM),
        (form(part("x", 'name="content"')), "multipart/form-data"),
        (form(part("x", 'name="content"'))[:-8], FORM),
        (form(*[part("x", f'name="f{number}"') for number in range(40)]), FORM),
        (form(part("x", 'name="content"')).replace(b"\r\nx\r\n", b"\r\n\xff\r\n"), FORM),
        (b"content=%ff", "application/x-www-form-urlencoded"),
        (b"\xff", "application/x-www-form-urlencoded"),
        (b"&".join(b"f%d=x" % number for number in range(40)), "application/x-www-form-urlencoded"),
    ],
)
def test_form_that_is_none_is_refused(body: bytes, content_type: str) -> None:
    with pytest.raises(Invalid):
        find_json(body, content_type)


@given(body=st.binary(max_size=200), content_type=st.text(max_size=80) | st.just(FORM))
def test_body_of_garbage_gives_bytes_or_a_domain_error(body: bytes, content_type: str) -> None:
    try:
        found = find_json(b"--b\r\n" + body, content_type)
    except (Invalid, NotBuilt):
        return
    assert isinstance(found, bytes)
