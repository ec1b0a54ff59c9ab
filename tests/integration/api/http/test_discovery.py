"""How a person's client finds the server's parts, and what it asks at its start."""

import struct
import zlib
from functools import partial
from typing import Any

import pytest

from api.services.instance import InstanceService
from core.domain.instance.registration import RegistrationMode
from core.runtime.settings.settings import FileSettings, InstanceSettings, Settings
from core.store.aggregates.instance_counts import InstanceCounts
from tests.fakes.clock import FakeClock
from tests.integration.api.conftest import GATEWAY_URL
from tests.support.embedded_api import PASSWORD, ApiUnderTest

ROOT = "http://guildway"


class Counts:
    """A store whose every count is larger than the one before."""

    def __init__(self) -> None:
        self.asked = 0

    async def count_all(self) -> InstanceCounts:
        self.asked += 1
        return InstanceCounts(people=self.asked, guilds=20, members=300)


async def find_configured(settings: Settings) -> RegistrationMode:
    return settings.instance.registration


def make_service(
    settings: Settings, *, gateway_url: str = "", counts: Counts | None = None, clock: FakeClock | None = None
) -> InstanceService:
    return InstanceService(
        settings=settings,
        gateway_url=lambda _: gateway_url,
        counts=counts or Counts(),
        find_mode=partial(find_configured, settings),
        clock=clock or FakeClock(),
    )


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
    service = make_service(settings, gateway_url="wss://gateway.example")
    found = service.describe("http", "127.0.0.1:8080")
    assert found.api.base_url == found.cdn.base_url == "https://chat.example"
    assert found.gateway.base_url == "wss://gateway.example"


def test_server_introduces_itself_as_the_operator_says() -> None:
    settings = Settings(instance=InstanceSettings(name="Gardeners", description="We garden"))
    service = make_service(settings)
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


async def test_counts_are_those_of_the_store(api: ApiUnderTest) -> None:
    alice, _ = await api.register(), await api.register()
    await api.make_bot(alice)
    assert (await alice.post("/guilds", {"name": "Place"})).status_code == 201
    counts = (await read(api, f"{ROOT}/api/policies/stats"))["counts"]
    assert counts == {"user": 2, "guild": 1, "message": 0, "members": 1}


async def test_counts_are_read_once_in_five_minutes_however_often_they_are_asked() -> None:
    counts, clock = Counts(), FakeClock()
    service = make_service(Settings(), counts=counts, clock=clock)
    for _ in range(3):
        assert (await service.count()).counts.user == 1
        clock.advance(99)
    clock.advance(3)
    shown = (await service.count()).counts
    assert (shown.user, shown.guild, shown.members, counts.asked) == (2, 20, 300, 2)


async def test_operator_may_hide_the_counts() -> None:
    counts = Counts()
    service = make_service(Settings(instance=InstanceSettings(show_counts=False)), counts=counts)
    assert (await service.count()).counts.user == counts.asked == 0


async def test_registration_asks_for_what_the_policy_says(api: ApiUnderTest) -> None:
    config = await read(api, f"{ROOT}/api/policies/instance/config")
    body = {"username": "zoe", "email": "zoe@example.org", "password": PASSWORD, "date_of_birth": "1990-01-01"}
    for field, name in (("email", "email"), ("password", "password"), ("date_of_birth", "dateOfBirth")):
        answer = await api.nobody.post("/auth/register", {key: body[key] for key in body.keys() - {field}})
        assert (answer.status_code == 400) == config[f"register_{name}_required"]
    assert (await api.nobody.post("/auth/register", body)).status_code == 201
    assert config["register_allowNewRegistration"]
    assert not config["register_disabled"]
    assert not config["register_requireInvite"]


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
