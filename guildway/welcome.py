"""The text that a newcomer sees when the server is up, with commands that can be pasted into another terminal."""

from typing import Final, TextIO

from guildway.addresses import Addresses
from guildway.invocation import Invocation

_TEXT: Final = """
Guildway is up. Paste this into another terminal, in this folder, for an account, a guild and a bot of your own:

  API={api}/api/v10
  post() {{ curl {flags} "$API/$1" -H "Authorization: $TOKEN" -H 'Content-Type: application/json' -d "$2"; }}
  pick() {{ python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }}
  NAME=ada$$x$(date +%s); TOKEN=
  TOKEN=$(post auth/register '{{"username":"'$NAME'","email":"'$NAME'@example.org","password":"correct horse battery",\
"date_of_birth":"1990-01-01","consent":true}}' | pick token)
  GUILD=$(post guilds '{{"name":"The Engine Room"}}' | pick id)
  APP=$(post applications '{{"name":"Echo"}}' | pick id)
  export BOT_TOKEN=$(post applications/$APP/bot '{{}}' | pick token) API_URL={api} GATEWAY_URL={gateway}
  post "oauth2/authorize?client_id=$APP&scope=bot&permissions=8" '{{"guild_id":"'$GUILD'","authorize":true}}'
  echo; echo "bot token: $BOT_TOKEN"
{bot}
Any library: REST {api}/api/v10, gateway {gateway}{guide}.
A guild with people and a conversation in it, from another terminal in this folder:

  {command} demo --url {api}

Metrics and health: {metrics}. Ctrl-C stops the server; nothing that was answered is lost.
"""

_BOT: Final = """
A bot written with discord.py that uses them (`make test` once installs discord.py):

  {python} examples/bot.py
"""


_FLAGS: Final = "-sS"
_TLS_FLAGS: Final = "-sSk"
"""No certificate names the machine's own loopback address, and nobody stands between the machine and itself."""


def write_welcome(addresses: Addresses, invocation: Invocation, out: TextIO) -> None:
    """Write the example with the addresses of this server filled in, and with commands as they are called here."""
    metrics = f"{addresses.metrics}/metrics, {addresses.metrics}/health" if addresses.metrics else "switched off"
    out.write(
        _TEXT.format(
            api=addresses.api,
            flags=_TLS_FLAGS if addresses.api.startswith("https:") else _FLAGS,
            gateway=addresses.gateway,
            metrics=metrics,
            command=invocation.command,
            bot=_BOT.format(python=invocation.python) if invocation.has_examples else "",
            guide="; see docs/client-guide.md" if invocation.has_examples else "",
        )
    )
    out.flush()
