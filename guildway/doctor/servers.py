"""What the doctor looks at in the servers of a cluster: versions, what reaches their disks, and their clocks."""

from collections.abc import AsyncIterator, Callable
from typing import Final

from core.domain.errors import Unavailable
from core.redis.address import parse_address
from core.redis.server_facts import read_redis_facts
from core.runtime.errors import StartError
from core.runtime.settings.settings import Settings
from core.store.sql.engine.errors import reason_of
from core.store.sql.postgres.server_facts import read_postgres_facts
from guildway.doctor.findings import Finding, fault, fine, warning

_LEAST_REDIS: Final = (7, 0)
_LEAST_POSTGRES: Final = 15
_LEAST_CASSANDRA: Final = (4, 0)
_APART_MS: Final = 1000
_TOO_FAR_MS: Final = 60_000

Now = Callable[[], int]


async def check_redis(settings: Settings, now_ms: Now) -> AsyncIterator[Finding]:
    """Look at Redis."""
    try:
        facts = await read_redis_facts(parse_address(settings.redis.url))
    except Unavailable as error:
        yield fault("Redis", error.text.removeprefix("Redis: "), "start it, or set redis.url")
        return
    yield _judge_version("Redis", facts.version, _LEAST_REDIS)
    yield compare_clocks("clock of Redis", facts.now_ms, now_ms())
    if not facts.options:
        yield warning("options of Redis", "are not told to this user", "let it run CONFIG GET, or look yourself")
        return
    for name, wanted, why in (
        ("appendonly", "yes", "without it a restart of Redis loses the logs and who is logged in where"),
        ("appendfsync", "always", "otherwise a power failure loses events that clients have heard of"),
        ("maxmemory-policy", "noeviction", "otherwise logs and leases disappear when memory is short"),
    ):
        found = facts.options.get(name, "?")
        about = f"{name} of Redis"
        yield fine(about, found) if found == wanted else fault(about, found, f"set `{name} {wanted}`: {why}")


async def check_postgres(settings: Settings, now_ms: Now) -> AsyncIterator[Finding]:
    """Look at PostgreSQL."""
    try:
        facts = await read_postgres_facts(settings.postgres.url)
    except Unavailable as error:
        yield fault("PostgreSQL", reason_of(error), "start it, or set postgres.url")
        return
    told = facts.settings
    yield _judge_version("PostgreSQL", told["server_version"], (_LEAST_POSTGRES,))
    yield compare_clocks("clock of PostgreSQL", facts.now_ms, now_ms())
    for name, wanted, why in (
        ("fsync", ("on",), "otherwise a crash of its machine loses or damages everything"),
        ("full_page_writes", ("on",), "otherwise a crash of its machine may damage pages"),
        ("synchronous_commit", ("on", "remote_apply"), "otherwise acknowledged writes may be lost"),
        ("server_encoding", ("UTF8",), "make the database anew with it: texts are in all scripts"),
    ):
        about = f"{name} of PostgreSQL"
        is_right = told[name] in wanted
        yield fine(about, told[name]) if is_right else fault(about, told[name], f"it must be {wanted[0]}: {why}")
    yield _judge_connections(settings, int(told["max_connections"]))


async def check_cassandra(settings: Settings) -> AsyncIterator[Finding]:
    """Look at Cassandra, where the settings name one."""
    if not settings.cassandra.contact_points:
        yield fine("Cassandra", "none: PostgreSQL has the messages")
        return
    from core.store.cassandra.connection import read_versions  # noqa: PLC0415 - the driver takes long to load

    try:
        versions = await read_versions(settings.cassandra)
    except StartError as error:
        yield fault("Cassandra", str(error), "start it, or set cassandra.contact_points")
        return
    for version in sorted(set(versions)):
        yield _judge_version("Cassandra", version, _LEAST_CASSANDRA)
    found, wanted = len(versions), settings.cassandra.replication
    about = "servers of Cassandra"
    if found < wanted:
        yield fault(about, str(found), f"start {wanted} of them, or set cassandra.replication lower in a new keyspace")
    else:
        yield fine(about, f"{found}, each row is on {wanted}")


def compare_clocks(about: str, theirs_ms: int, ours_ms: int) -> Finding:
    """Judge how far two clocks are apart."""
    apart_ms = abs(theirs_ms - ours_ms)
    found = f"is {apart_ms / 1000:.1f} s from this machine's"
    remedy = "run chrony or systemd-timesyncd on both machines"
    if apart_ms > _TOO_FAR_MS:
        return fault(about, found, remedy)
    return warning(about, found, remedy) if apart_ms > _APART_MS else fine(about, found)


def parse_version(text: str) -> tuple[int, ...]:
    """Read the numbers of a version: `15.4 (Debian 15.4-1)` is (15, 4)."""
    numbers = []
    for part in text.split(maxsplit=1)[0].split("."):
        digits = "".join(character for character in part if character.isdigit())
        if not digits:
            break
        numbers.append(int(digits))
    return tuple(numbers)


def _judge_version(name: str, version: str, least: tuple[int, ...]) -> Finding:
    about, wanted = f"version of {name}", ".".join(map(str, least))
    if parse_version(version) >= least:
        return fine(about, version)
    return fault(about, version, f"upgrade it to {wanted} or newer: older ones are not tested")


def _judge_connections(settings: Settings, limit: int) -> Finding:
    each = settings.postgres.read_connections + settings.postgres.write_connections
    found = f"{limit}, and each process takes up to {each}"
    if limit < 2 * each:
        return warning(
            "max_connections of PostgreSQL",
            found,
            "raise it above what all processes take together, or lower postgres.*",
        )
    return fine("max_connections of PostgreSQL", found)
