"""A discord.py bot on a Guildway server. Run `BOT_TOKEN=… python examples/bot.py`, then write `!ping` in a channel."""

import os
import sys

import discord
import yarl

# These two lines make any discord.py bot talk to another server.
discord.http.Route.BASE = os.environ.get("API_URL", "http://127.0.0.1:8080") + "/api/v10"
discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(os.environ.get("GATEWAY_URL", "ws://127.0.0.1:8081"))

intents = discord.Intents.default()
intents.message_content = True
bot = discord.Client(intents=intents)


@bot.event
async def on_ready() -> None:
    print(f"{bot.user} is in {', '.join(guild.name for guild in bot.guilds) or 'no guild yet'}", flush=True)


@bot.event
async def on_message(message: discord.Message) -> None:
    if message.content == "!ping":
        await message.reply("pong")


if "BOT_TOKEN" not in os.environ:
    sys.exit("BOT_TOKEN must hold a bot's token; `make demo` and the first lines of `make run` show how to get one.")
bot.run(os.environ["BOT_TOKEN"])
