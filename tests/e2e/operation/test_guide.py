"""Whoever follows the operator's guide on one machine: each command of its chapters about a single server is given, in
the guide's order, while the server runs and people use it.
"""

from pathlib import Path
from typing import Any

import httpx
import pytest

from core.store.sql.schema.migrate import SCHEMA_REVISION
from tests.support.guide import commands_of, give, lines_of, put_elsewhere, section
from tests.support.person import Person, text_channel
from tests.support.server_process import Server

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.embedded]

GUILD_OF_THE_GUIDE = "1576270133893005312"
NEW_PERSON = ("--email", "ada@example.org", "--birth-date", "1990-01-01")


class Machine:
    """A machine with the guide's folders elsewhere, on which an operator gives its commands."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "guildway"
        self.places: dict[str, object] = {
            "/var/lib/": f"{folder}/",
            "/etc/": f"{folder}/etc/",
            "/backup/": f"{folder}/backup/",
        }
        for name in ("etc", "backup"):
            (folder / name).mkdir()
        (folder / "etc" / "guildway.toml").write_text("[voice]\nenabled = false\n")
        self.server = Server(self.data, {"GUILDWAY_CONFIG": str(folder / "etc" / "guildway.toml")})

    @property
    def environ(self) -> dict[str, str]:
        """What the guide's server has by default, and this one has elsewhere."""
        listeners = {"API": self.server.api, "GATEWAY": self.server.gateway, "METRICS": self.server.metrics}
        places = {f"GUILDWAY_{name}": url.rpartition("/")[2] for name, url in listeners.items()}
        return {"GUILDWAY_DATA": str(self.data), **places}

    async def obey(self, words: list[str], *, statuses: tuple[int, ...] = (0,)) -> str:
        """Give a command, and return what it has said."""
        return await give(put_elsewhere(words, self.places)[1:], self.environ, statuses=statuses)

    async def run_section(self, title: str) -> str:
        """Give the commands of a chapter that end by themselves."""
        commands = [words for words in commands_of(section(title)) if words[1] != "run"]
        return "".join([await self.obey(words) for words in commands])

    async def log_in(self, name: str, told: str) -> Person:
        """Log in with the password that a command has shown."""
        password = told.partition("password: ")[2].split()[0]
        person = Person(self.server.api)
        body = {"login": f"{name}@example.org", "password": password}
        person.token = (await person.call("POST", "/auth/login", body))["token"]
        return person


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


async def test_chapters_about_a_single_server_do_what_they_say(machine: Machine, tmp_path: Path) -> None:
    server = await machine.server.start()
    try:
        (doctor,) = [words for words in commands_of(section("Starting")) if words[1] == "doctor"]
        # What is wrong with the machine of a test is not ours, and has the status 1.
        assert "ok      settings" in await machine.obey(doctor, statuses=(0, 1))
        ada = await machine.log_in(
            "ada", await machine.obey(["guildway", "admin", "users", "create", "ada", *NEW_PERSON])
        )
        guild = await ada.make_guild()
        sent = await ada.send(text_channel(guild), "this stays")
        await administer(machine, ada, guild)
        await machine.run_section("Backup")
        told = await machine.run_section("Upgrade and rollback")
        assert f"up to date, schema {SCHEMA_REVISION}" in told
    finally:
        assert await server.stop() == 0
    await restore(machine, ada, text_channel(guild), sent["id"], tmp_path)


async def administer(machine: Machine, ada: Person, guild: dict[str, Any]) -> None:
    """Give the commands about people; between them zoe logs in and comes into the guild."""
    machine.places[GUILD_OF_THE_GUIDE] = guild["id"]
    told: dict[tuple[str, ...], str] = {}
    zoe = Person(machine.server.api)
    for words in commands_of(section("Administration")):
        if "transfer" in words:
            zoe = await machine.log_in("zoe", told["users", "password"])
            await ada.invite(text_channel(guild), zoe)
        told[tuple(words[2:4])] = await machine.obey(words)
    async with zoe, httpx.AsyncClient(base_url=machine.server.api) as client:
        assert (await zoe.call("GET", f"/guilds/{guild['id']}"))["owner_id"] == (await zoe.call("GET", "/users/@me"))[
            "id"
        ]
        refused = await client.post("/api/v10/auth/register", json={"username": "mallory"})
        assert refused.status_code == httpx.codes.BAD_REQUEST
        await ask_as_staff(client, told["staff", "create-token"])


async def ask_as_staff(client: httpx.AsyncClient, told: str) -> None:
    """Send the request of the guide's line for curl."""
    (curl,) = [words for words in lines_of(section("Administration")) if words[0] == "curl"]
    name, _, scheme = curl[curl.index("-H") + 1].partition(": ")
    token = told.partition("token: ")[2].split()[0]
    found = await client.get(curl[-1].partition("chat.example")[2], headers={name: scheme.replace("…", token)})
    assert [each["username"] for each in found.json()] == ["zoe"]


async def restore(machine: Machine, ada: Person, channel_id: str, message_id: str, folder: Path) -> None:
    """Give the command of the chapter about restoring, and run the server on what it has made."""
    restore, run = commands_of(section("Restore"))
    (folder / "guildway-restored").rename(folder / "by the chapter before")
    assert "compared" in await machine.obey(restore)
    restored = Server(Path(put_elsewhere(run, machine.places)[run.index("--data") + 1]))
    await restored.start()
    try:
        async with ada, Person(restored.api, ada.token) as again:
            assert message_id in {message["id"] for message in await again.history(channel_id)}
    finally:
        assert await restored.stop() == 0
