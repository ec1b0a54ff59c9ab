"""The URL of a Redis."""

import pytest

from core.redis.address import RedisAddress, parse_address


def test_url_gives_all_parts() -> None:
    assert parse_address("rediss://me:p%40ss@redis.example:6390/4") == RedisAddress(
        host="redis.example", port=6390, database=4, user="me", password="p@ss", is_encrypted=True
    )


def test_short_url_has_the_usual_port_and_database() -> None:
    assert parse_address("redis://localhost") == RedisAddress(host="localhost")


@pytest.mark.parametrize("url", ["localhost:6379", "http://localhost", "redis://", "redis://localhost/one"])
def test_other_texts_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="a Redis URL looks like"):
        parse_address(url)


def test_password_is_in_no_text() -> None:
    assert "secret" not in repr(parse_address("redis://me:secret@localhost"))
