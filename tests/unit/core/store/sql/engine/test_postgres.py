"""What becomes of a connection whose server has said goodbye."""

import asyncpg  # type: ignore[import-untyped]  # it has no types
import pytest
from sqlalchemy.exc import DBAPIError

from core.store.sql.engine.postgres import POSTGRES, run_script


class FakeDriver:
    """asyncpg's connection, which fails as the test says."""

    def __init__(self, error: Exception) -> None:
        self._error = error
        self.is_terminated = False

    async def execute(self, script: str) -> str:
        raise self._error

    def terminate(self) -> None:
        self.is_terminated = True


async def test_connection_whose_server_has_said_goodbye_is_ended_and_called_so() -> None:
    driver = FakeDriver(asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress"))
    with pytest.raises(DBAPIError) as caught:
        await run_script(driver, "BEGIN")
    assert driver.is_terminated
    assert str(caught.value.orig) == "the server has ended the connection"


async def test_connection_that_is_lost_at_commit_is_ended_too() -> None:
    driver = FakeDriver(asyncpg.InternalClientError("got result for unknown protocol state 3"))
    refusal = await POSTGRES.run_last_steps(driver, ())
    assert driver.is_terminated
    assert isinstance(refusal, ConnectionResetError)


async def test_connection_with_a_refused_statement_goes_on() -> None:
    driver = FakeDriver(asyncpg.UniqueViolationError("twice"))
    with pytest.raises(DBAPIError) as caught:
        await run_script(driver, "INSERT")
    assert not driver.is_terminated
    assert isinstance(caught.value.orig, asyncpg.UniqueViolationError)
