"""The life of a Python library's bot as a process: one JSON object a line, orders in, events and answers out."""

import asyncio
import hashlib
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any

Order = Callable[..., Awaitable[dict[str, Any]]]
"""An order: takes the details by name, and returns those of the answer."""


def tell(event: str, **details: Any) -> None:
    """Tell the test of an event."""
    sys.stdout.write(json.dumps({"event": event, **details}) + "\n")
    sys.stdout.flush()


async def obey(find: Callable[[str], Order]) -> None:
    """Take orders, which `find` finds by name, until the test closes the input."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async for line in reader:
        details = json.loads(line)
        order = details.pop("order")
        try:
            tell("done", order=order, **await find(order)(**details))
        except Exception as error:
            tell("failed", order=order, text=f"{type(error).__name__}: {error}", code=getattr(error, "code", None))


def sum_up(data: bytes) -> dict[str, Any]:
    """Describe data that was read."""
    return {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
