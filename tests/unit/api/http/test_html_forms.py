"""The JSON of bodies that clients send as HTML forms."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.http.body import Body
from api.http.html_forms import read_json
from core.domain.errors import Invalid, NotBuilt

FORM = "multipart/form-data; boundary=b"


def body_of(*chunks: bytes) -> Body:
    """A body that arrives in these chunks."""
    arriving = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    arriving[-1]["more_body"] = False

    async def receive() -> Any:
        return arriving.pop(0)

    return Body({"headers": []}, receive, 1_000_000)


async def find_json(body: bytes, content_type: str) -> bytes:
    """The JSON of a body that arrives whole."""
    return await read_json(body_of(body), content_type, max_bytes=1_000_000)


def part(value: str, disposition: str) -> str:
    return f"--b\r\nContent-Disposition: form-data; {disposition}\r\n\r\n{value}\r\n"


def form(*parts: str) -> bytes:
    return ("".join(parts) + "--b--\r\n").encode()


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=utf-8", "", "text/plain", ";;="]
)
async def test_body_of_other_types_is_json_itself(content_type: str) -> None:
    assert await find_json(b'{"content": "x"}', content_type) == b'{"content": "x"}'


async def test_form_payload_is_the_json() -> None:
    body = form(part('{"content": "é"}', 'name="payload_json"'), part("no", 'name="content"'))
    assert await find_json(body, FORM) == '{"content": "é"}'.encode()


async def test_form_without_payload_is_made_of_its_fields() -> None:
    assert await find_json(form(part("a b", 'name="content"'), part("true", 'name="tts"')), FORM) == (
        b'{"content":"a b","tts":"true"}'
    )
    assert await find_json(b"content=a+b&tts=", "application/x-www-form-urlencoded") == b'{"content":"a b","tts":""}'


async def test_form_with_a_file_is_not_built() -> None:
    body = form(part("{}", 'name="payload_json"'), part("x", 'name="files[0]"; filename="a.txt"'))
    with pytest.raises(NotBuilt):
        await find_json(body, FORM)


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
async def test_form_that_is_none_is_refused(body: bytes, content_type: str) -> None:
    with pytest.raises(Invalid):
        await find_json(body, content_type)


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
async def test_form_may_arrive_in_any_pieces(size: int) -> None:
    body = form(part('{"content": "é"}', 'name="payload_json"'), part("x" * 50, 'name="content"'))
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    assert await read_json(body_of(*pieces), FORM, max_bytes=1_000_000) == '{"content": "é"}'.encode()


async def test_form_with_a_file_is_refused_before_the_file_has_come() -> None:
    head = form(part("{}", 'name="payload_json"'), part("x", 'name="files[0]"; filename="a.txt"'))[:-9]
    asked = 0

    async def receive() -> Any:
        nonlocal asked
        asked += 1
        assert asked == 1, "the rest of the file was asked for"
        return {"type": "http.request", "body": head, "more_body": True}

    with pytest.raises(NotBuilt):
        await read_json(Body({"headers": []}, receive, 1_000_000), FORM, max_bytes=1_000_000)


@given(body=st.binary(max_size=200), content_type=st.text(max_size=80) | st.just(FORM))
async def test_body_of_garbage_gives_bytes_or_a_domain_error(body: bytes, content_type: str) -> None:
    try:
        found = await find_json(b"--b\r\n" + body, content_type)
    except (Invalid, NotBuilt):
        return
    assert isinstance(found, bytes)


async def test_file_whose_name_is_encoded_is_refused_and_not_lost() -> None:
    body = form(part("hi", 'name="content"'), part("x", "name=\"files[0]\"; filename*=UTF-8''%E2%82%AC.txt"))
    with pytest.raises(Invalid, match="filename="):
        await find_json(body, FORM)
