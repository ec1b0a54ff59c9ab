"""A password is verified at the cost of its hash, and renewed when the cost has changed."""

from collections.abc import Iterator

import pytest

from api.services.accounts.passwords import Passwords


@pytest.fixture
def cheap() -> Iterator[Passwords]:
    """The least cost that argon2 allows."""
    passwords = Passwords(memory_kib=8, passes=1)
    yield passwords
    passwords.close()


@pytest.fixture
def dear() -> Iterator[Passwords]:
    """Another cost."""
    passwords = Passwords(memory_kib=16, passes=2)
    yield passwords
    passwords.close()


async def test_hash_carries_the_cost(dear: Passwords) -> None:
    assert (await dear.hash("secret")).startswith("$argon2id$v=19$m=16,t=2,p=1$")


async def test_hash_of_another_cost_is_verified(cheap: Passwords, dear: Passwords) -> None:
    old = await cheap.hash("secret")
    assert await dear.verify(old, "secret")
    assert not await dear.verify(old, "Secret")


async def test_hash_of_another_cost_is_renewed(cheap: Passwords, dear: Passwords) -> None:
    new = await dear.renew(await cheap.hash("secret"), "secret")
    assert new is not None
    assert await dear.verify(new, "secret")
    assert await dear.renew(new, "secret") is None


@pytest.mark.parametrize("password_hash", [None, "no hash", "$argon2id$x"])
async def test_nothing_is_right_without_a_hash(cheap: Passwords, password_hash: str | None) -> None:
    assert not await cheap.verify(password_hash, "")
