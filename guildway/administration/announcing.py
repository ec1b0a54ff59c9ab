"""The requests of `guildway admin announce`: a hundred people a request, so that it goes to any number of people."""

import sys
from collections.abc import Iterator, Sequence
from typing import Any, Final

from guildway.administration.desk import Desk
from guildway.administration.work import find_user
from guildway.rest_client import ApiError, DemoError

AT_ONCE: Final = 100


def announce(desk: Desk, *, content: str, users: Sequence[str], after: int, reason: str) -> dict[str, Any]:
    """Send an announcement to these users, and without any to all people whose ids are above `after`.

    The answer has the last id, after which the same announcement can go on when a request has failed.
    """
    pages = iter([[find_user(desk, each) for each in users]]) if users else _list_people(desk, after)
    sent, passed_over, last = 0, [], str(after)
    for page in pages:
        for first in range(0, len(page), AT_ONCE):
            some = page[first : first + AT_ONCE]
            try:
                answer = desk.ask("POST", "announcements", body={"content": content, "user_ids": some}, reason=reason)
            except (ApiError, DemoError):
                print(f"guildway: {sent} have it; --all --after {last} goes on", file=sys.stderr)
                raise
            sent, last = sent + answer["sent"], some[-1]
            passed_over += answer["passed_over"]
    return {"sent": sent, "passed_over": passed_over, "last": last}


def _list_people(desk: Desk, after: int) -> Iterator[list[str]]:
    """Give the ids of people who may log in, in pages."""
    while page := desk.ask("GET", "users", after=after, limit=AT_ONCE):
        yield [user["id"] for user in page if not user["bot"] and user["email"] is not None]
        after = page[-1]["id"]
