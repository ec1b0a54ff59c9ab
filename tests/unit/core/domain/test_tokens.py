"""Tokens: the hash by which they are found, and the prefix that bots' libraries send."""

from core.domain.tokens import hash_token, strip_scheme


def test_hash_of_any_text_is_32_bytes() -> None:
    for text in ("", "x", "\udcff", "\ud800", "ä" * 1000):
        assert len(hash_token(text)) == 32


def test_scheme_is_stripped_once_and_only_in_front() -> None:
    assert strip_scheme("Bot a.b.c") == strip_scheme("a.b.c") == "a.b.c"
    assert strip_scheme("Bot Bot a") == "Bot a"
    assert strip_scheme("a.Bot b") == "a.Bot b"
