"""How long, and how many, pictures of other servers are kept."""

from api.services.previews.kept_pictures import KeptPicture, KeptPictures
from tests.fakes.clock import FakeClock


def picture(size: int) -> KeptPicture:
    return KeptPicture(b"x" * size, "image/png")


async def test_picture_is_kept_for_its_lifetime() -> None:
    clock = FakeClock()
    kept = KeptPictures(most_bytes=100, lifetime_s=10, monotonic_s=clock.monotonic_s)
    kept.keep("a", picture(5))
    clock.advance(9)
    found = kept.find("a")
    assert found is not None
    assert [piece async for piece in found.read(1, 3)] == [b"xxx"]
    clock.advance(2)
    assert kept.find("a") is None


def test_all_together_are_bounded_and_those_nobody_asks_for_go_first() -> None:
    kept = KeptPictures(most_bytes=100, lifetime_s=10, monotonic_s=FakeClock().monotonic_s)
    kept.keep("a", picture(40))
    kept.keep("b", picture(40))
    assert kept.find("a") is not None
    kept.keep("c", picture(40))
    assert [kept.find(url) is not None for url in "abc"] == [True, False, True]
    kept.keep("d", picture(101))
    assert [kept.find(url) is not None for url in "acd"] == [True, True, False]


def test_tag_follows_the_bytes() -> None:
    assert picture(3).etag == picture(3).etag != picture(4).etag
