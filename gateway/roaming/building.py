"""The parts of this room, put together for one worker."""

from collections.abc import Callable

from core.links.interfaces import LinkListener, Links
from core.runtime.clock import Clock
from core.store.interfaces import Store
from gateway.roaming.far_friends import FarFriends
from gateway.roaming.hosted_sessions import HostedSessions
from gateway.roaming.kept_relations import KeptRelations
from gateway.roaming.port import UserPort
from gateway.roaming.roaming import Roaming, UserFrames
from gateway.roaming.told_lately import ToldLately
from gateway.roaming.user_homes import UserHomes
from gateway.scheduling.batch_timer import CallLater
from gateway.scheduling.tasks import Tasks
from gateway.users.user_directory import UserDirectory


class BuiltRoaming:
    """`frames` listens to the links. `close` stops the timers."""

    __slots__ = ("close", "follow_homes", "frames")

    def __init__(self, frames: LinkListener, *, follow_homes: Callable[[], None], close: Callable[[], None]) -> None:
        self.frames = frames
        self.follow_homes = follow_homes
        self.close = close


def build_roaming(  # noqa: PLR0913 - a composition root is given all that its parts need
    *,
    own: str,
    links: Links,
    home_of: Callable[[int], str],
    owner_of: Callable[[int], str],
    num_shards: int,
    users: UserDirectory,
    store: Store,
    tasks: Tasks,
    clock: Clock,
    call_later: CallLater,
    grace_s: float,
    limit: Callable[[], int],
    end: Callable[[str], None],
    then: LinkListener,
) -> BuiltRoaming:
    """Share the users of this worker with others.

    `home_of` names a user's home, `owner_of` that of a shard. `grace_s` is the time for which the sessions of a lost
    worker count on, `limit` the most sessions of a user. `end` ends a session by its id. `then` hears what is not about
    users.
    """
    port = UserPort(own=own, links=links, home_of=home_of)
    homes = UserHomes(
        port=port,
        owner_of=owner_of,
        num_shards=num_shards,
        users=users,
        relations=KeptRelations(relations=users.relations, store=store, tasks=tasks, users=users),
        call_later=call_later,
        grace_s=grace_s,
        limit=limit,
        end=end,
    )
    hosted = HostedSessions(
        port=port, users=users, clock=clock, call_later=call_later, on_home_here=homes.refresh, end=end
    )
    friends = FarFriends(port=port, users=users, friends_of=users.relations.friends_of)
    told = ToldLately(
        owner_of=owner_of, num_shards=num_shards, clock=clock, call_later=call_later, tell=users.shown.publish
    )
    roaming = Roaming(port=port, users=users, hosted=hosted, homes=homes, friends=friends, told=told)
    users.share(roaming)

    def close() -> None:
        homes.close()
        hosted.close()

    return BuiltRoaming(UserFrames(roaming=roaming, then=then), follow_homes=roaming.follow_homes, close=close)
