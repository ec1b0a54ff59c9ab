"""The access log: a line a request, with nothing in it that was secret."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from core.runtime.access_log import AccessLog, open_access_log
from core.runtime.errors import StartError
from core.runtime.traces.request import CURRENT, TracedRequest
from tests.fakes.clock import START_MS, FakeClock
from tests.integration.api.conftest import OpenApi, operator_pass
from tests.support.embedded_api import PASSWORD


class FakeSpan:
    context = bytes(range(24))

    def end(self, **_: str | int) -> None: ...


class FakeTracer:
    def now_ns(self) -> int:
        return 0

    def begin(self, name: str, *, parent: bytes | None = None, since_ns: int | None = None) -> FakeSpan:
        return FakeSpan()


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


async def test_each_request_is_a_line_without_tokens_bodies_and_addresses(open_api: OpenApi, tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    with open_access_log(str(path)) as log:
        async with open_api(access_log=log, clock=FakeClock()) as api:
            zoe = await api.register()
            await zoe.get("/users/@me?token=secret")
            await api.nobody.get("/users/@me")
            await api.nobody.get("http://guildway/nowhere/secret")
            operator = api.actor(operator_pass(START_MS))
            await operator.get("http://guildway/admin/limits")
    told = [(line["method"], line["route"], line["status"]) for line in lines_of(path)]
    assert told == [
        ("POST", "/api/v10/auth/register", 201),
        ("GET", "/api/v10/users/@me", 200),
        ("GET", "/api/v10/users/@me", 401),
        ("GET", "unmatched", 404),
        ("GET", "/admin/limits", 200),
    ]
    register, own, refused, _, admin = lines_of(path)
    assert register["time"].startswith("20")
    assert register.keys() == {"time", "method", "route", "status", "duration_ms"}
    assert own["user_id"] == zoe.id
    assert "user_id" not in refused
    assert admin["staff_id"] == "0"
    whole = path.read_text()
    for secret in ("secret", PASSWORD, zoe.authorization, "Operator"):
        assert secret not in whole


def write(log: AccessLog, status: int) -> None:
    log.write(
        at_ms=START_MS,
        method="GET",
        route="/x",
        status=status,
        duration_s=0.0012345,
        user_id=None,
        staff_id=None,
        trace_id="",
    )


def test_file_that_was_moved_away_is_made_anew_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    with open_access_log(str(path)) as log:
        assert log is not None
        write(log, 200)
        path.rename(tmp_path / "access.log.1")
        write(log, 201)
    [old], [new] = lines_of(tmp_path / "access.log.1"), lines_of(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert (old["status"], old["duration_ms"], new["status"]) == (200, 1.23, 201)


def test_line_that_cannot_be_written_is_told_and_fails_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    log = AccessLog("/dev/full")
    with caplog.at_level(logging.WARNING):
        write(log, 200)
    log.close()
    assert [record.message for record in caplog.records] == ["the access log cannot be written"]


def test_file_that_cannot_be_opened_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="access_file"), open_access_log(str(tmp_path / "no" / "file")):
        pass
    with open_access_log("") as log:
        assert log is None


async def test_line_of_a_sampled_request_has_its_trace(open_api: OpenApi, tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    request = TracedRequest(FakeTracer())
    request.sample()
    token = CURRENT.set(request)
    try:
        with open_access_log(str(path)) as log:
            async with open_api(access_log=log) as api:
                await api.nobody.get("/gateway")
    finally:
        CURRENT.reset(token)
    assert lines_of(path)[0]["trace_id"] == bytes(range(16)).hex()
