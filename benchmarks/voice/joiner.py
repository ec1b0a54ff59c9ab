"""A process in which people join a media node at a steady pace, so that nobody else's packets wait for it.

It takes one line of JSON on its input (`Order`), joins, and answers with one line (`Report`). Everybody stays until its
input ends.
"""

import asyncio
import sys
import time

import msgspec

from benchmarks.voice.browser import Certificate
from benchmarks.voice.node_server import Person, Ticket


class Order(msgspec.Struct, frozen=True):
    """Who joins, and how many a second."""

    tickets: list[Ticket]
    a_second: float


class Report(msgspec.Struct, frozen=True):
    """How long each took, in seconds, from the opening of the WebSocket to keys for media."""

    took_s: list[float]
    failed: int


def main() -> None:
    """Join."""
    asyncio.run(_join_all(msgspec.json.decode(sys.stdin.readline(), type=Order)))


async def _join_all(order: Order) -> None:
    certificate, began_s = Certificate(), time.monotonic()
    people = [Person(certificate, ticket) for ticket in order.tickets]
    joining = []
    for number, person in enumerate(people):
        await asyncio.sleep(began_s + number / order.a_second - time.monotonic())
        joining.append(asyncio.ensure_future(_join(person)))
    took = await asyncio.gather(*joining, return_exceptions=True)
    times_s = [each for each in took if isinstance(each, float)]
    print(msgspec.json.encode(Report(times_s, len(took) - len(times_s))).decode(), flush=True)
    await asyncio.to_thread(sys.stdin.readline)


async def _join(person: Person) -> float:
    began_s = time.monotonic()
    await person.join()
    return time.monotonic() - began_s


if __name__ == "__main__":
    main()
