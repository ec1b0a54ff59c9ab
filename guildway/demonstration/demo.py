"""`guildway demo`: fills a running server over its REST API, as an example for newcomers.

The demo makes four people, a bot, a guild with roles, open and hidden channels, and a conversation. Passwords are
random, because the server may be reachable from outside. Each run makes a new guild; taken names get a number.
"""

import secrets
from collections.abc import Sequence
from typing import Any, Final, TextIO

import msgspec

from guildway.invocation import EXAMPLE_BOT, Invocation
from guildway.rest_client import ApiError, DemoError, RestClient

_PEOPLE: Final = (("ada", "Ada"), ("grace", "Grace"), ("linus", "Linus"), ("margaret", "Margaret"))
"""Usernames and display names; the first one owns the guild."""

_TEXT, _VOICE, _CATEGORY = 0, 2, 4
_VIEW_CHANNEL: Final = 1 << 10
_SEND_MESSAGES: Final = 1 << 11
_MANAGE_MESSAGES: Final = 1 << 13
_READ_MESSAGE_HISTORY: Final = 1 << 16
_KICK_MEMBERS: Final = 1 << 1
_BOT_PERMISSIONS: Final = _VIEW_CHANNEL | _SEND_MESSAGES | _READ_MESSAGE_HISTORY

_TALK: Final = (
    ("ada", "Welcome to the Engine Room! Everything you see here was made over the API a second ago."),
    ("grace", "It works with the libraries that we use already. I changed two lines of my bot."),
    ("linus", "Which two?"),
    ("grace", "The address of the API and the address of the gateway. See examples/bot.py."),
    ("linus", "And where does it keep our messages?"),
    ("margaret", "One SQLite file in the data folder. Answered means on disk: pull the plug and look."),
    ("linus", "I did. It was all there."),
    ("ada", "Please do not make a habit of it."),
)

_MODERATION: Final = (
    ("grace", "Only moderators can see this channel: @everyone is denied to view it, the role is allowed."),
    ("ada", "Take the role away from somebody and it disappears for them at once."),
)


class _Person(msgspec.Struct, frozen=True):
    id: str
    username: str
    email: str
    password: str
    token: str


def run_demo(url: str, invocation: Invocation, out: TextIO) -> None:
    """Fill the server at `url` and print the logins and the bot's token. Raises DemoError."""
    client = RestClient(url)
    try:
        people = {name: _register(client, name, display_name) for name, display_name in _PEOPLE}
        guild = _make_guild(client, people)
        bot_token = _make_bot(client, people["ada"], guild["id"])
        gateway = client.request("GET", "/gateway")["url"]
    finally:
        client.close()
    out.write(f"Made the guild {guild['name']!r} ({guild['id']}). Its people:\n\n")
    out.writelines(f"  {person.email:26} password {person.password}\n" for person in people.values())
    values = f"BOT_TOKEN={bot_token} API_URL={url} GATEWAY_URL={gateway}"
    out.write(f"\nIts bot:\n\n  {values}{_describe_bot(invocation)}\n")


def _register(client: RestClient, name: str, display_name: str) -> _Person:
    password = secrets.token_urlsafe(12)
    for number in range(1, 1000):
        username = name if number == 1 else f"{name}{number}"
        email = f"{username}@example.org"
        body = {
            "username": username,
            "global_name": display_name,
            "email": email,
            "password": password,
            "date_of_birth": "1990-12-10",
            "consent": True,
        }
        try:
            token = client.request("POST", "/auth/register", body)["token"]
        except ApiError as error:
            if _is_taken(error):
                continue
            raise
        user = client.request("GET", "/users/@me", token=token)
        return _Person(user["id"], username, email, password, token)
    raise DemoError(f"{name} and a thousand variations are taken")


def _is_taken(error: ApiError) -> bool:
    return error.status == 400 and any(
        code in str(error.body) for code in ("USERNAME_ALREADY_TAKEN", "EMAIL_ALREADY_REGISTERED")
    )


def _make_guild(client: RestClient, people: dict[str, _Person]) -> Any:
    owner = people["ada"]

    def create(path: str, **body: Any) -> Any:
        return client.request("POST", path, body, token=owner.token)

    guild = create("/guilds", name="The Engine Room")
    base = f"/guilds/{guild['id']}"
    moderator = create(f"{base}/roles", name="Moderator", color=0xE67E22, hoist=True,
                       permissions=str(_MANAGE_MESSAGES | _KICK_MEMBERS))  # fmt: skip
    create(f"{base}/roles", name="Newcomer", color=0x2ECC71)
    workshop = create(f"{base}/channels", name="Workshop", type=_CATEGORY)["id"]
    lounge = create(f"{base}/channels", name="lounge", type=_TEXT, parent_id=workshop, topic="Everything and nothing")
    create(f"{base}/channels", name="Tea kitchen", type=_VOICE, parent_id=workshop)
    hidden = [
        {"id": guild["id"], "type": 0, "allow": "0", "deny": str(_VIEW_CHANNEL)},
        {"id": moderator["id"], "type": 0, "allow": str(_VIEW_CHANNEL), "deny": "0"},
    ]
    back_room = create(f"{base}/channels", name="moderators", type=_TEXT, permission_overwrites=hidden)
    invite = create(f"/channels/{lounge['id']}/invites", max_age=0)
    for person in people.values():
        if person is not owner:
            client.request("POST", f"/invites/{invite['code']}", {}, token=person.token)
    grace = people["grace"].id
    client.request("PUT", f"{base}/members/{grace}/roles/{moderator['id']}", token=owner.token)
    _talk(client, people, lounge["id"], _TALK)
    _talk(client, people, back_room["id"], _MODERATION)
    return guild


def _talk(client: RestClient, people: dict[str, _Person], channel_id: str, lines: Sequence[tuple[str, str]]) -> None:
    previous = None
    for name, content in lines:
        body: dict[str, Any] = {"content": content}
        if previous is not None and content.endswith("?"):
            body["message_reference"] = {"message_id": previous}
        path = f"/channels/{channel_id}/messages"
        previous = client.request("POST", path, body, token=people[name].token)["id"]


def _make_bot(client: RestClient, owner: _Person, guild_id: str) -> str:
    application = client.request("POST", "/applications", {"name": "Echo"}, token=owner.token)["id"]
    token: str = client.request("POST", f"/applications/{application}/bot", {}, token=owner.token)["token"]
    query = f"client_id={application}&scope=bot&permissions={_BOT_PERMISSIONS}"
    client.request("POST", f"/oauth2/authorize?{query}", {"guild_id": guild_id, "authorize": True}, token=owner.token)
    return token


def _describe_bot(invocation: Invocation) -> str:
    if not invocation.has_examples:
        return ""
    return f" {invocation.python} {EXAMPLE_BOT}\n\n(`make test` once installs discord.py.)"
