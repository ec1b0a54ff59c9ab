"""A newcomer's first steps: paste printed commands, run the example bots, fill the server, stop it, start it twice."""

import asyncio
import io
import os
import re
import resource
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from guildway.addresses import Addresses
from guildway.invocation import compute_invocation
from guildway.welcome import write_welcome
from tests.support.gateway.gateway_client import open_gateway
from tests.support.person import Person, text_channel
from tests.support.server_process import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

ROOT = Path(__file__).parents[3]
NODE_MODULES = Path(__file__).parents[1] / "node" / "node_modules"


async def _run(*command: str, stdin: str = "", **environ: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env={**os.environ, "GUILDWAY_VOICE_ENABLED": "false", **environ},
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate(stdin.encode())
    assert process.returncode is not None
    return process.returncode, output.decode()


@asynccontextmanager
async def _example(*command: str, cwd: Path = ROOT, **environ: str) -> AsyncIterator[None]:
    """Run an example bot, from the moment when it has printed its guild."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=cwd, env={**os.environ, **environ},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    assert process.stdout is not None
    said = []
    try:
        async with asyncio.timeout(60):
            async for line in process.stdout:
                said.append(line.decode())
                if " is in " in said[-1]:
                    break
        assert said, "the bot ended"
        assert " is in The Engine Room" in said[-1], "".join(said)
        yield
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _ping(server: Server, person: Person, channel_id: str) -> None:
    """Write `!ping` and wait for the bot's answer."""
    async with open_gateway(server.gateway) as session:
        await session.identify(person.token)
        await person.send(channel_id, "!ping")
        await session.wait_for("MESSAGE_CREATE", lambda message: message["content"] == "pong")


def _printed_lines(server: Server) -> list[str]:
    addresses = Addresses(api=server.api, gateway=server.gateway, metrics=server.metrics)
    text = io.StringIO()
    invocation = compute_invocation(program="guildway/__main__.py", python=sys.executable, folder=ROOT)
    write_welcome(addresses, invocation, text)
    return text.getvalue().splitlines()


async def _paste(server: Server) -> dict[str, str]:
    """Return the variables of the printed commands, which are pasted without the bot and the demonstration."""
    lines = [line for line in _printed_lines(server) if line.startswith("  ") and ".venv" not in line]
    lines += [f'echo "{name}=${name}"' for name in ("TOKEN", "GUILD", "BOT_TOKEN")]
    status, output = await _run("sh", "-e", stdin="\n".join(lines))
    assert status == 0, output
    return dict(re.findall(r"^(TOKEN|GUILD|BOT_TOKEN)=(\S+)$", output, re.MULTILINE))


@pytest.mark.embedded
async def test_printed_commands_pasted_twice_lead_to_a_bot_that_answers(server: Server) -> None:
    await _paste(server)
    assert [line for line in _printed_lines(server) if line not in server.log and line] == []
    made = await _paste(server)
    async with Person(server.api, made["TOKEN"]) as owner:
        channels = await owner.call("GET", f"/guilds/{made['GUILD']}/channels")
        channel_id = text_channel({"channels": channels})
        addresses = {"BOT_TOKEN": made["BOT_TOKEN"], "API_URL": server.api, "GATEWAY_URL": server.gateway}
        async with _example(sys.executable, "examples/bot.py", **addresses):
            await _ping(server, owner, channel_id)


@pytest.mark.node
@pytest.mark.skipif(not NODE_MODULES.exists(), reason="needs Node and `npm ci` in tests/e2e/node")
async def test_example_in_javascript_answers(server: Server, tmp_path: Path) -> None:
    made = await _paste(server)
    # The file stands beside the tests' packages, since Node looks for them in the folders above the program.
    program = tmp_path / "bot.mjs"
    shutil.copy(ROOT / "examples" / "bot.mjs", program)
    (tmp_path / "node_modules").symlink_to(NODE_MODULES)
    async with Person(server.api, made["TOKEN"]) as owner:
        channels = await owner.call("GET", f"/guilds/{made['GUILD']}/channels")
        addresses = {"BOT_TOKEN": made["BOT_TOKEN"], "API_URL": server.api}
        async with _example("node", str(program), cwd=tmp_path, **addresses):
            await _ping(server, owner, text_channel({"channels": channels}))


async def test_demo_run_twice_fills_the_server_and_its_logins_work(server: Server) -> None:
    (printed,) = [line for line in _printed_lines(server) if " demo " in line]
    by_variable = f"{sys.executable} -m guildway demo"
    for command in (printed, by_variable):
        status, output = await _run("sh", "-e", stdin=command, GUILDWAY_API=server.api.removeprefix("http://"))
        assert status == 0, output
    logins = re.findall(r"^  (\S+@example.org) +password (\S+)$", output, re.MULTILINE)
    assert len(logins) == 4
    for email, password in logins:
        async with Person(server.api) as person:
            person.token = (await person.call("POST", "/auth/login", {"login": email, "password": password}))["token"]
            guilds = await person.call("GET", "/users/@me/guilds")
            assert [guild["name"] for guild in guilds] == ["The Engine Room"]
            channels = await person.call("GET", f"/guilds/{guilds[0]['id']}/channels")
            lounge = next(channel["id"] for channel in channels if channel["name"] == "lounge")
            said = [message["content"] for message in await person.history(lounge) if message["type"] in (0, 19)]
            assert (len(said), said[-1]) == (8, "Please do not make a habit of it.")
    bot_token = re.search(r"BOT_TOKEN=(\S+)", output)
    assert bot_token is not None
    async with Person(server.api, f"Bot {bot_token[1]}") as bot:
        assert [guild["name"] for guild in await bot.call("GET", "/users/@me/guilds")] == ["The Engine Room"]


@pytest.mark.embedded
async def test_operations_listener_is_alive_ready_and_counts(server: Server, alice: Person) -> None:
    guild = await alice.make_guild()
    async with httpx.AsyncClient(timeout=60, base_url=server.metrics) as client:
        assert (await client.get("/health")).status_code == 200
        assert (await client.get("/ready")).status_code == 200
        before = _count_sent((await client.get("/metrics")).text)
        await alice.send(text_channel(guild), "counted")
        page = (await client.get("/metrics")).text
    assert _count_sent(page) == before + 1
    assert "process_resident_memory_bytes" in page


def _count_sent(page: str) -> float:
    sent = re.search(r'^guildway_messages_sent_total\{channel_type="0"\} (\S+)', page, re.MULTILINE)
    return float(sent[1]) if sent is not None else 0.0


@pytest.mark.embedded
async def test_second_process_on_a_data_folder_is_refused(server: Server, tmp_path: Path) -> None:
    first = await Server(tmp_path).start()
    flags = [word for name in ("api", "gateway", "metrics") for word in (f"--{name}", "127.0.0.1:0")]
    status, output = await _run(sys.executable, "-m", "guildway", "run", "--data", str(tmp_path), *flags)
    assert status == 2
    assert f"is in use by process {first.pid}" in output
    for flag in ("api", "gateway", "metrics"):
        taken = getattr(server, flag).split("//")[1]
        ports = dict.fromkeys(("api", "gateway", "metrics"), "127.0.0.1:0") | {flag: taken}
        arguments = [part for name, value in ports.items() for part in (f"--{name}", value)]
        status, output = await _run(sys.executable, "-m", "guildway", "run", "--data", str(tmp_path / flag), *arguments)
        assert status == 2
        assert f"cannot listen on {taken}: another process listens there" in output
    assert await first.stop() == 0


@pytest.mark.embedded
async def test_file_that_is_no_database_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "guildway.db").write_bytes(b"no database" * 1000)
    ports = ("--api", "127.0.0.1:0", "--gateway", "127.0.0.1:0", "--metrics", "127.0.0.1:0")
    status, output = await _run(sys.executable, "-m", "guildway", "run", "--data", str(tmp_path), *ports)
    assert status == 2
    assert re.fullmatch(r"guildway: the database \S+ cannot be opened: .+\n", output), output


async def test_terminated_server_ends_in_time_and_keeps_everything(tmp_path: Path) -> None:
    running = await Server(tmp_path).start()
    async with await Person.register(running.api) as owner:
        guild = await owner.make_guild("The Engine Room")
        channel_id = text_channel(guild)
        bot = await owner.make_bot(guild["id"])
        sent = [(await owner.send(channel_id, str(number)))["id"] for number in range(5)]
        async with _example(sys.executable, "examples/bot.py", API_URL=running.api, GATEWAY_URL=running.gateway,
                            BOT_TOKEN=bot["token"]):  # fmt: skip
            assert await running.stop() == 0
            await running.start()
        assert [message["id"] for message in await owner.history(channel_id)][-5:] == sent
    assert await running.stop() == 0


@pytest.mark.embedded
async def test_server_may_open_as_many_files_as_the_system_allows(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, before[1]))
    try:
        server = await Server(tmp_path).start()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert resource.prlimit(server.pid, resource.RLIMIT_NOFILE)[0] == before[1]
    assert await server.stop() == 0
