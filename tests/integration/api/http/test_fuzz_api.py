"""Every request, allowed by the API's own document or not, gets a documented answer and never a 500.

Schemathesis makes requests from the OpenAPI document and sends them over a real socket. Ids in paths belong to things
that exist, so that requests pass the first lookup.
"""

import asyncio
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import requests
import schemathesis
from schemathesis import GenerationMode
from schemathesis.config import GenerationConfig, SchemathesisConfig

from core.http.server import HttpServer
from core.runtime.sockets import bind_socket
from tests.integration.api.accounts.test_users import make_guild
from tests.support.conformance import assert_conforms
from tests.support.embedded_api import Actor, ApiUnderTest

EXAMPLES = 12
"""The requests of an operation. A hundred operations take some ten seconds."""

IN_PRIVATE = 5
"""Those of an operation on channels, once more in a direct channel and in a group each."""

LEFT_OUT = frozenset({"log_out", "end_sessions", "end_session", "register", "log_in"})
"""Operations that would end the auth session of the others, or only cost password hashes. `test_auth` tests them."""

ENDS_THINGS = frozenset(
    {"delete_guild", "delete_guild_by_post", "leave_guild", "delete_channel", "prune", "begin_prune"}
)
"""The operations that keep generated ids."""

ANSWERED = frozenset({501})
"""The only expected status from 500 up: not built yet."""


def find_operations(document: dict[str, Any]) -> Iterator[Any]:
    config = SchemathesisConfig.from_dict({})
    config.projects.default.generation = GenerationConfig(modes=list(GenerationMode))
    schema = schemathesis.openapi.from_dict(document, config=config)
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.definition.raw["operationId"] not in LEFT_OUT:
            yield operation


def fuzz(operation: Any, base_url: str, token: str, known_ids: dict[str, str], examples: int = EXAMPLES) -> None:
    """Send generated requests of one operation. Raises AssertionError with the request that was answered wrongly."""
    keeps_ids = operation.definition.raw["operationId"] in ENDS_THINGS
    session = requests.Session()

    @hypothesis.settings(
        max_examples=examples,
        database=None,
        derandomize=True,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy())
    def send(case: Any) -> None:
        if not keeps_ids:
            case.path_parameters.update({key: known_ids[key] for key in case.path_parameters if key in known_ids})
        answer = case.call(base_url=base_url, headers={"Authorization": token}, session=session, timeout=60)
        status = answer.status_code
        assert status < 500 or status in ANSWERED, f"{status}: {case.as_curl_command()}"
        headers = {name: values[0] for name, values in answer.headers.items()}
        assert_conforms(case.method, case.formatted_path, status, answer.content, headers)

    send()
    session.close()


async def make_private_channels(alice: Actor, *others: Actor) -> list[dict[str, str]]:
    """Make a direct channel and a group with a message each; return their ids."""
    for other in others:
        for asking, asked in ((alice, other), (other, alice)):
            assert (await asking.put(f"/users/@me/relationships/{asked.id}", {})).status_code == 204
    made = []
    for recipients in ([others[0].id], [other.id for other in others]):
        channel = (await alice.post("/users/@me/channels", {"recipients": recipients})).json()
        message = (await alice.post(f"/channels/{channel['id']}/messages", {"content": "hello"})).json()
        made.append({"channel_id": channel["id"], "message_id": message["id"]})
    return made


@pytest.mark.timeout(600)
async def test_generated_requests_are_never_a_500(api: ApiUnderTest) -> None:
    alice, bob = await api.register(), await api.register()
    guild_id = await make_guild(alice)
    channels = (await alice.get(f"/guilds/{guild_id}/channels")).json()
    channel_id = next(channel["id"] for channel in channels if channel["type"] == 0)
    message = await alice.post(f"/channels/{channel_id}/messages", {"content": "hello"})
    role = await alice.post(f"/guilds/{guild_id}/roles", {"name": "role"})
    bot = await api.make_bot(alice)
    known_ids = {
        "guild_id": guild_id,
        "channel_id": channel_id,
        "message_id": message.json()["id"],
        "role_id": role.json()["id"],
        "application_id": bot.id,
        "user_id": bob.id,
        "emoji_name": "🔥",
    }
    private = [{**known_ids, **ids} for ids in await make_private_channels(alice, bob, await api.register())]
    document = (await api.nobody.get("http://guildway/openapi.json")).json()
    started, stopping = asyncio.Event(), asyncio.Event()
    server = HttpServer(app=api.built.asgi, sock=bind_socket("127.0.0.1", 0), grace_s=1)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(server.run(started=started, stopping=stopping))
        await started.wait()
        base_url = f"http://{server.authority}/api/v10"
        try:
            for operation in find_operations(document):
                await asyncio.to_thread(fuzz, operation, base_url, alice.authorization, known_ids)
                if "{channel_id}" in operation.path and operation.definition.raw["operationId"] not in ENDS_THINGS:
                    for ids in private:
                        await asyncio.to_thread(fuzz, operation, base_url, alice.authorization, ids, IN_PRIVATE)
        finally:
            stopping.set()
    assert (await alice.get("/users/@me")).status_code == 200
