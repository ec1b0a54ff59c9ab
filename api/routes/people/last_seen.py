"""/users/{user_id}/last-seen: when people were last seen, routes of our own."""

from collections.abc import Sequence
from typing import Final

from api.http.parameters import SnowflakePath
from api.http.route import Route, delete, get, put
from api.services.caller import Caller
from api.services.presence.last_seen import LastSeenService, PutLastSeen
from core.wire.objects.people.last_seen import LastSeenObject


@get("/users/@me/last-seen")
async def get_own_last_seen(caller: Caller, last_seen: LastSeenService) -> LastSeenObject:
    """When the caller was last seen, and who is shown it."""
    return await last_seen.fetch(caller, caller.user_id)


@get("/users/{user_id}/last-seen")
async def get_last_seen(user_id: SnowflakePath, caller: Caller, last_seen: LastSeenService) -> LastSeenObject:
    """When a person was last seen, if the person shows that to the caller."""
    return await last_seen.fetch(caller, user_id)


@put("/users/@me/last-seen")
async def put_own_last_seen(caller: Caller, data: PutLastSeen, last_seen: LastSeenService) -> LastSeenObject:
    """Keep when the caller was last seen, and show it to friends or to all acquaintances."""
    return await last_seen.put(caller, data)


@delete("/users/@me/last-seen", status=204)
async def delete_own_last_seen(caller: Caller, last_seen: LastSeenService) -> None:
    """Forget when the caller was last seen, and keep it no longer."""
    await last_seen.delete(caller)


ROUTES: Final[Sequence[Route]] = (get_own_last_seen, get_last_seen, put_own_last_seen, delete_own_last_seen)
