"""The door of a process of a cluster (`tests.fakes.redis.cluster`)."""

from collections.abc import Callable

from core.door.redis import RedisDoor
from core.door.redis_openings import RedisOpenings
from core.door.rules import MessageRules
from core.door.tickets import Tickets
from core.live.limits import MemoryRateLimiter
from core.live.redis_limits import RedisRateLimiter
from core.live.refusals import Refusals
from core_ext.ids import SnowflakeGenerator
from tests.fakes.redis.cluster import ClusterProcess

_FAR_MS = 1 << 42


def build_openings(
    process: ClusterProcess,
    incarnation: str = "api1",
    observe: Callable[[str, float], None] = lambda _step, _seconds: None,
) -> RedisOpenings:
    """Make what a process has open."""
    return RedisOpenings(
        bus=process.bus, scripts=process.scripts, clock=process.clock, incarnation=incarnation, observe=observe
    )


def build_door(
    process: ClusterProcess,
    *,
    rules: MessageRules | None = None,
    node: int = 0,
    openings: RedisOpenings | None = None,
    skew_ms: int = 0,
) -> RedisDoor:
    """Make a process' door and run what goes with it. `skew_ms`: how far its clock is ahead."""
    if openings is None:
        openings = build_openings(process, f"api{node}")
    process.go(openings.run())
    ids = SnowflakeGenerator(0, node, lambda: process.clock.now_ms() + skew_ms)
    return RedisDoor(
        bus=process.bus,
        scripts=process.scripts,
        openings=openings,
        tickets=Tickets(next_id=ids.next, floor_ms=lambda: _FAR_MS),
        limiter=RedisRateLimiter(scripts=process.scripts, alone=MemoryRateLimiter(clock=process.clock)),
        rules=rules,
        refusals=Refusals(),
    )
