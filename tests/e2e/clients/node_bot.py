"""The bots of the Node libraries, and their start."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.e2e.clients.bot_process import BotProcess, running_bot_process

FOLDER = Path(__file__).parents[1] / "node"
NODE = shutil.which("node")


@asynccontextmanager
async def running_node_bot(script: str, *arguments: str) -> AsyncIterator[BotProcess]:
    """Run a bot until the test ends, from the moment when it is ready."""
    assert NODE is not None
    async with running_bot_process(NODE, script, *arguments, folder=FOLDER) as bot:
        yield bot
