"""The tours of discordgo and JDA, sent again byte for byte, also where neither can be built."""

import asyncio
import datetime as dt
import json
import zlib
from typing import Any

import pytest

from tests.e2e.clients.client_recording import (
    Connection,
    Exchange,
    Recording,
    name_answer,
    name_scene,
    put_values,
    render_request,
)
from tests.e2e.clients.tour import TourGuild
from tests.support.gateway.gateway_client import GatewayClient, open_gateway
from tests.support.person import Person
from tests.support.server_process import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")
recordings = pytest.mark.parametrize("name", ["discordgo", "jda"])


@recordings
async def test_requests_are_answered_as_when_they_were_recorded(
    server: Server, alice: Person, bob: Person, name: str
) -> None:
    recording = Recording.load(name)
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=10)
    authority = server.api.removeprefix("http://")
    values = {"host": authority, "soon": soon.strftime("%Y-%m-%dT%H:%M:%S")}
    values |= await name_scene(await TourGuild.make(alice, bob))
    host, _, port = authority.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    answers: dict[str, Any] = {}
    for number, exchange in enumerate(recording.exchanges):
        writer.write(render_request(exchange, values))
        status, body = await _read_answer(reader)
        told = exchange.request[0], body
        assert status == exchange.status, told
        answer = json.loads(body or b"null")
        values |= name_answer(number, answer)
        answers[exchange.request[0].partition("?")[0].removesuffix(" HTTP/1.1")] = answer
        if status < 300:
            _assert_shown(_read_body(exchange, values), answer, told)
    writer.close()
    [ban] = next(answer for line, answer in answers.items() if line.startswith("GET") and line.endswith("/bans"))
    assert (ban["user"]["id"], ban["reason"]) == (bob.id, "no more, ü")


async def _read_answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
    headers = dict(line.split(": ", 1) for line in head[1:] if line)
    return int(head[0].split(" ")[1]), await reader.readexactly(int(headers.get("content-length", "0")))


def _read_body(exchange: Exchange, values: dict[str, str]) -> Any:
    return json.loads(put_values(exchange.request[-1], values) or "null")


def _assert_shown(body: Any, answer: Any, told: Any) -> None:
    """The answer shows the values of the request, in all fields that it has."""
    if isinstance(body, dict) and isinstance(answer, dict):
        for field in body.keys() & answer.keys():
            if isinstance(body[field], str | int):
                same_time = field == "communication_disabled_until" and answer[field][:19] == body[field][:19]
                assert same_time or str(answer[field]) == str(body[field]), (field, told)


@recordings
async def test_commands_are_understood(server: Server, alice: Person, bob: Person, name: str) -> None:
    recording = Recording.load(name)
    scene = await TourGuild.make(alice, bob)
    values = await name_scene(scene)
    first, second = recording.connections
    async with open_gateway(server.gateway) as watching:
        await watching.identify(alice.token)
        async with open_gateway(server.gateway, first.query, decode=_reading(first)) as session:
            for command in first.commands:
                await _say(session, command, values | {"seq": str(session.seq)})
            values["session"] = session.bodies("READY")[0]["session_id"]
            values["seq"] = str(session.seq)
            busy = await watching.wait_for("PRESENCE_UPDATE", lambda presence: presence["status"] == "dnd")
            assert [activity["name"] for activity in busy["activities"]] == ["chess"]
            session.cut()
        async with open_gateway(server.gateway, second.query, decode=_reading(second)) as session:
            for command in second.commands:
                await _say(session, command, values)
            await session.wait_for("RESUMED")


def _reading(connection: Connection) -> Any:
    """Return how the library of this connection reads messages: with one zlib stream, or each for itself."""
    if "compress=zlib-stream" in connection.query:
        stream = zlib.decompressobj()
        return lambda frame: json.loads(stream.decompress(frame))
    return lambda frame: json.loads(frame if isinstance(frame, str) else zlib.decompress(frame))


async def _say(session: GatewayClient, command: str, values: dict[str, str]) -> None:
    """Send a command, and compare its answer, if it has one, with the command."""
    text = put_values(command, values)
    before = len(session.payloads)
    await session.socket.send(text)
    said = json.loads(text)
    match said["op"]:
        case 1:
            await session.wait_until(lambda: any(payload["op"] == 11 for payload in session.payloads[before:]))
        case 2:
            guild = await session.wait_for_guild()
            assert guild["id"] == values["guild"]
        case 8:
            d = said["d"]
            chunk = await session.wait_for("GUILD_MEMBERS_CHUNK", lambda chunk: chunk["nonce"] == d["nonce"])
            expected = d.get("user_ids") or [values[name] for name in ("alice", "bob", "bot")]
            assert {int(member["user"]["id"]) for member in chunk["members"]} == {int(each) for each in expected}
            assert ("presences" in chunk) == d["presences"]
