"""How a person's client finds the server's parts, and what it asks at its start."""

import struct
import zlib
from typing import Any

import pytest

from api.services.instance import InstanceService
from core.runtime.settings.settings import FileSettings, InstanceSettings, Settings
from tests.integration.api.conftest import GATEWAY_URL
from tests.support.embedded_api import ApiUnderTest

ROOT = "http://guildway"


async def read(api: ApiUnderTest, path: str, **headers: str) -> Any:
    answer = await api.nobody.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_discovery_names_the_host_that_was_asked(api: ApiUnderTest) -> None:
    found = await read(api, f"{ROOT}/.well-known/spacebar/client", host="chat.example:8080")
    assert found["api"] == {
        "baseUrl": "http://chat.example:8080",
        "apiVersions": {"default": "9", "active": ["9", "10"]},
    }
    assert found["cdn"] == {"baseUrl": "http://chat.example:8080"}
    assert found["gateway"]["baseUrl"] == GATEWAY_URL
    assert found["gateway"]["compression"] == ["zstd-stream", "zlib-stream", None]
    old = await read(api, f"{ROOT}/.well-known/spacebar", host="chat.example:8080")
    assert old == {"api": "http://chat.example:8080/api/v9"}
    domains = await read(api, f"{ROOT}/api/policies/instance/domains", host="chat.example:8080")
    assert domains["apiEndpoint"] == "http://chat.example:8080"
    assert domains["api"] == "http://chat.example:8080/api/"
    assert domains["defaultApiVersion"] == "9"


def test_discovery_names_the_operators_address_if_there_is_one() -> None:
    settings = Settings(files=FileSettings(public_url="https://chat.example"))
    service = InstanceService(settings=settings, gateway_url=lambda _: "wss://gateway.example")
    found = service.describe("http", "127.0.0.1:8080")
    assert found.api.base_url == found.cdn.base_url == "https://chat.example"
    assert found.gateway.base_url == "wss://gateway.example"


def test_server_introduces_itself_as_the_operator_says() -> None:
    settings = Settings(instance=InstanceSettings(name="Gardeners", description="We garden"))
    service = InstanceService(settings=settings, gateway_url=lambda _: "")
    assert (service.greet().instance.name, service.greet().instance.description) == ("Gardeners", "We garden")
    assert service.introduce().instanceName == "Gardeners"


@pytest.mark.parametrize("prefix", ["/api", "/api/v9", "/api/v10"])
async def test_policies_are_public_in_every_version(api: ApiUnderTest, prefix: str) -> None:
    assert (await read(api, f"{ROOT}{prefix}/ping"))["ping"] == "pong!"
    assert (await read(api, f"{ROOT}{prefix}/policies/instance"))["instanceName"] == "Guildway"
    config = await read(api, f"{ROOT}{prefix}/policies/instance/config")
    assert config["limits_message_maxCharacters"] == 2000
    assert config["limits_message_maxAttachmentSize"] == FileSettings().max_file_bytes
    assert config["guild_autoJoin_guilds_x"] == []
    assert set((await read(api, f"{ROOT}{prefix}/policies/stats"))["counts"]) == {"user", "guild", "message", "members"}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/gifs", []),
        ("/gifs/trending", {"categories": [], "gifs": []}),
        ("/teams", []),
        ("/connections", {}),
        ("/users/@me/connections", []),
        ("/applications", []),
        ("/users/@me/billing/payment-sources", []),
        ("/users/@me/affinities/guilds", {"guild_affinities": []}),
    ],
)
async def test_what_is_asked_at_the_start_is_empty_in_the_right_shape(
    api: ApiUnderTest, path: str, expected: Any
) -> None:
    alice = await api.register()
    answer = await alice.get(path)
    assert (answer.status_code, answer.json()) == (200, expected)
    assert (await api.nobody.get(path)).status_code == 401


async def test_discoverable_guilds_sticker_packs_and_experiments_are_none(api: ApiUnderTest) -> None:
    alice = await api.register()
    assert (await alice.get("/discoverable-guilds")).json()["guilds"] == []
    assert (await api.nobody.get("/sticker-packs")).json() == {"sticker_packs": []}
    assert (await api.nobody.get("/experiments")).json()["assignments"] == []


@pytest.mark.parametrize("path", ["/science", "/metrics"])
async def test_reports_of_clients_are_taken_and_not_read(api: ApiUnderTest, path: str) -> None:
    for body in ({"events": []}, [1], None):
        assert (await api.nobody.post(path, body)).status_code == 204


async def test_sessions_tell_when_they_were_seen_last(api: ApiUnderTest) -> None:
    alice = await api.register()
    (session,) = (await alice.get("/auth/sessions?extended=true")).json()["user_sessions"]
    assert session["last_seen"] == session["approx_last_used_time"]
    assert {"id_hash", "status", "activities", "client_status", "last_seen_ip"} <= session.keys()


@pytest.mark.parametrize("number", range(6))
async def test_default_avatars_are_pictures(api: ApiUnderTest, number: int) -> None:
    answer = await api.nobody.get(f"{ROOT}/embed/avatars/{number}.png?size=64", headers={"origin": "https://a.example"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert answer.headers["access-control-allow-origin"] == "https://a.example"
    picture = answer.content
    width, height = struct.unpack(">II", picture[16:24])
    at = picture.index(b"IDAT")
    size = int.from_bytes(picture[at - 4 : at], "big")
    assert len(zlib.decompress(picture[at + 4 : at + 4 + size])) == height * (width + 1)


@pytest.mark.parametrize("name", ["6.png", "00.png", "0.gif", "x.png", "²,png", "-1.png"])
async def test_no_other_default_avatar_is_there(api: ApiUnderTest, name: str) -> None:
    assert (await api.nobody.get(f"{ROOT}/embed/avatars/{name}")).status_code == 404
