"""A file's type is that of its bytes, whatever its name says."""

import pytest

from core.media.content_types import HEAD_BYTES, find_content_type, find_shown_type


@pytest.mark.parametrize(
    ("head", "filename", "expected"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "a.html", "image/png"),
        (b"%PDF-1.7 ...", "a.png", "application/pdf"),
        (b"<html><script>", "a.png", "text/plain; charset=utf-8"),
        (b"<html><script>", "a.html", "text/html; charset=utf-8"),
        (b"print('\xc3\xa4')", "a.py", "text/x-python; charset=utf-8"),
        (b"plain", "a", "text/plain; charset=utf-8"),
        (b"\xff\xfe\x00\x01", "a.txt", "application/octet-stream"),
        (b"zero \0", "a.txt", "application/octet-stream"),
        (b"", "a.txt", "text/plain; charset=utf-8"),
        ("ä".encode() * 5000, "a", "text/plain; charset=utf-8"),
        (b"x" + "ä".encode() * 5000, "a", "text/plain; charset=utf-8"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "a.ogg", "audio/wav"),
    ],
)
def test_content_decides_and_the_name_tells_kinds_of_text_apart(head: bytes, filename: str, expected: str) -> None:
    assert find_content_type(head[:HEAD_BYTES], filename) == expected


@pytest.mark.parametrize(
    ("content_type", "shown"),
    [
        ("image/png", "image/png"),
        ("image/svg+xml", None),
        ("application/pdf", None),
        ("text/html; charset=utf-8", "text/plain; charset=utf-8"),
        ("application/octet-stream", None),
        ("video/mp4", "video/mp4"),
    ],
)
def test_only_what_runs_no_script_is_shown(content_type: str, shown: str | None) -> None:
    assert find_shown_type(content_type) == shown
