"""/users/@me/relationships: friends, requests and blocks; and the friends that one has in common with others."""

from collections.abc import Sequence
from typing import Final

from api.http.parameters import SnowflakePath
from api.http.route import Route, delete, get, patch, post, put
from api.services.caller import Caller
from api.services.relationships.relationship_forms import PutRelationship, RequestByName, UpdateRelationship
from api.services.relationships.relationships import RelationshipService
from core.wire.objects.people.relationship import RelationshipObject
from core.wire.objects.people.user import UserObject


@get("/users/@me/relationships")
async def list_relationships(caller: Caller, relationships: RelationshipService) -> list[RelationshipObject]:
    """The caller's friends, requests and blocks."""
    return await relationships.list_all(caller)


@post("/users/@me/relationships", status=204)
async def request_by_name(caller: Caller, data: RequestByName, relationships: RelationshipService) -> None:
    """Ask the person of a name for friendship."""
    await relationships.request_by_name(caller, data)


@put("/users/@me/relationships/{user_id}", status=204)
async def put_relationship(
    user_id: SnowflakePath, caller: Caller, data: PutRelationship, relationships: RelationshipService
) -> None:
    """Ask for friendship, accept it, or block."""
    await relationships.put(caller, user_id, data)


@patch("/users/@me/relationships/{user_id}", status=204)
async def rename_friend(
    user_id: SnowflakePath, caller: Caller, data: UpdateRelationship, relationships: RelationshipService
) -> None:
    """Give a friend a nickname."""
    await relationships.rename(caller, user_id, data)


@delete("/users/@me/relationships/{user_id}", status=204)
async def remove_relationship(user_id: SnowflakePath, caller: Caller, relationships: RelationshipService) -> None:
    """End a friendship, a request, or a block."""
    await relationships.remove(caller, user_id)


@get("/users/{user_id}/relationships")
async def list_mutual_friends(
    user_id: SnowflakePath, caller: Caller, relationships: RelationshipService
) -> list[UserObject]:
    """The caller's friends who are friends of another user too."""
    return await relationships.list_mutual(caller, user_id)


ROUTES: Final[Sequence[Route]] = (
    list_relationships,
    request_by_name,
    put_relationship,
    rename_friend,
    remove_relationship,
    list_mutual_friends,
)
