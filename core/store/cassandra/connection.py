"""The connection to a Cassandra cluster: made at the start of a process, closed at its end.

The driver blocks while it connects, prepares and closes, so that happens in a thread.
"""

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Callable
from typing import Final, TypeVar

from cassandra import (
    AuthenticationFailed,
    ConsistencyLevel,
    DriverException,
    InvalidRequest,
    UnresolvableContactPoints,
)
from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import (
    EXEC_PROFILE_DEFAULT,
    Cluster,
    ExecutionProfile,
    NoHostAvailable,
    ProtocolVersion,
    Session,
)
from cassandra.policies import (
    ConstantReconnectionPolicy,
    DCAwareRoundRobinPolicy,
    FallthroughRetryPolicy,
    TokenAwarePolicy,
)
from cassandra.query import PreparedStatement, tuple_factory

from core.runtime.clock import Clock
from core.runtime.errors import StartError
from core.runtime.metrics.cluster_metrics import CassandraMetrics
from core.runtime.settings.settings import CassandraSettings
from core.store.cassandra.bulk import BulkMessages
from core.store.cassandra.bulk_reactions import BulkReactions
from core.store.cassandra.messages import CassandraMessages
from core.store.cassandra.scan import MessageScan
from core.store.cassandra.schema import (
    apply_steps,
    check_steps,
    filled_tables,
    list_missing,
    make_keyspace,
    truncate,
    wait_for_agreement,
)
from core.store.cassandra.session import CallBounds, CassandraSession, prepare_all
from core.store.cassandra.statements import Statement

_CONNECT_S: Final = 10.0
_KNOW_S: Final = 30.0
"""The time for each of the driver's own questions about the servers, which busy ones may not answer in its own 2 s."""

_RECONNECT_S: Final = 1.0
"""A server that has come back is used again after this time at most."""

_SCHEMA_S: Final = 30.0
"""The time for one statement that changes tables, on which all servers must agree. Other requests bring their own."""

_AGREEMENT_S: Final = 20.0
"""The part of it in which the servers must agree, for which the driver waits 10 s by itself and goes on without."""

_Result = TypeVar("_Result")


@contextlib.asynccontextmanager
async def open_messages(
    settings: CassandraSettings, *, clock: Clock, metrics: CassandraMetrics
) -> AsyncIterator[CassandraMessages]:
    """Connect to a keyspace that `migrate` has made.

    Raises:
        StartError: when Cassandra cannot be reached, refuses the user, or lacks tables.
    """

    async with _opened(settings) as cluster:
        session, _ = await _begin(cluster, settings, clock=clock, metrics=metrics)
        yield CassandraMessages(session=session, clock=clock, write_limit_s=settings.write_timeout_s)


@contextlib.asynccontextmanager
async def open_bulk(
    settings: CassandraSettings, *, clock: Clock, metrics: CassandraMetrics, replaces: bool
) -> AsyncIterator[tuple[BulkMessages, BulkReactions]]:
    """Connect to an empty keyspace that `migrate` has made. `replaces` removes what it has.

    Raises:
        StartError: as `open_messages`; also when the keyspace has messages that are not to be removed.
    """

    def empty(driver: Session) -> None:
        for table in filled_tables(driver, settings.keyspace):
            if not replaces:
                raise StartError(
                    f"Cassandra has rows in {settings.keyspace}.{table}: when an import was interrupted, --replace "
                    "removes them; otherwise name a new keyspace in cassandra.keyspace"
                )
            truncate(driver, settings.keyspace, table)

    async with _opened(settings) as cluster:
        session, driver = await _begin(cluster, settings, clock=clock, metrics=metrics)
        await _run(empty, driver)
        yield BulkMessages(session=session, clock=clock), BulkReactions(session=session, clock=clock)


@contextlib.asynccontextmanager
async def open_scan(settings: CassandraSettings, *, clock: Clock) -> AsyncIterator[MessageScan]:
    """Connect to a keyspace that is in use, to read all of it. Raises StartError as `open_messages`."""

    def connect(cluster: Cluster) -> Session:
        driver = cluster.connect()
        check_steps(driver, settings.keyspace)
        return driver

    async with _opened(settings) as cluster:
        driver = await _run(connect, cluster)
        yield MessageScan(driver=driver, keyspace=settings.keyspace, clock=clock)


async def _begin(
    cluster: Cluster, settings: CassandraSettings, *, clock: Clock, metrics: CassandraMetrics
) -> tuple[CassandraSession, Session]:
    """Connect a cluster, check its tables, and return our session and the driver's."""

    def connect() -> tuple[Session, dict[Statement, PreparedStatement]]:
        driver = cluster.connect()
        check_steps(driver, settings.keyspace)
        return driver, prepare_all(driver, settings.keyspace)

    driver, prepared = await _run(connect)
    bounds = CallBounds(timeout_s=settings.request_timeout_s, in_flight=settings.requests_in_flight)
    session = CassandraSession(driver=driver, prepared=prepared, bounds=bounds, clock=clock, metrics=metrics)
    return session, driver


async def migrate(settings: CassandraSettings) -> list[str]:
    """Make the keyspace and its tables, or bring them up to date, and return the names of the steps that were missing.

    Raises:
        StartError: when Cassandra cannot be reached, has too few servers, or was written by a newer version.
    """

    def work(cluster: Cluster) -> list[str]:
        driver = cluster.connect()
        wait_for_agreement(driver)
        make_keyspace(driver, settings.keyspace, datacenter=settings.datacenter, replication=settings.replication)
        return apply_steps(driver, settings.keyspace)

    async with _opened(settings) as cluster:
        return await _run(work, cluster)


async def look(settings: CassandraSettings) -> list[str]:
    """Return the names of the steps that `migrate` would apply, and change nothing.

    Raises:
        StartError: when Cassandra cannot be reached, or was written by a newer version.
    """

    def work(cluster: Cluster) -> list[str]:
        return list_missing(cluster.connect(), settings.keyspace)

    async with _opened(settings) as cluster:
        return await _run(work, cluster)


async def read_versions(settings: CassandraSettings) -> list[str]:
    """Return the versions of the servers that the driver knows. Raises StartError when Cassandra cannot be reached."""

    def work(cluster: Cluster) -> list[str]:
        cluster.connect()
        return sorted(str(host.release_version) for host in cluster.metadata.all_hosts())

    async with _opened(settings) as cluster:
        return await _run(work, cluster)


@contextlib.asynccontextmanager
async def _opened(settings: CassandraSettings) -> AsyncIterator[Cluster]:
    """A cluster that is not connected yet, and is closed at the end."""
    profile = ExecutionProfile(
        load_balancing_policy=TokenAwarePolicy(DCAwareRoundRobinPolicy(settings.datacenter)),
        retry_policy=FallthroughRetryPolicy(),  # our own tries know what may be repeated
        consistency_level=ConsistencyLevel.LOCAL_QUORUM,
        request_timeout=_SCHEMA_S,
        row_factory=tuple_factory,
    )
    has_login = bool(settings.user)
    make = functools.partial(
        Cluster,
        list(settings.contact_points),
        port=settings.port,
        auth_provider=PlainTextAuthProvider(settings.user, settings.password) if has_login else None,
        execution_profiles={EXEC_PROFILE_DEFAULT: profile},
        protocol_version=ProtocolVersion.V5,  # its errors say why a replica failed
        reconnection_policy=ConstantReconnectionPolicy(_RECONNECT_S, max_attempts=None),
        connect_timeout=_CONNECT_S,
        control_connection_timeout=_KNOW_S,
        max_schema_agreement_wait=_AGREEMENT_S,
    )
    cluster = await _run(make)  # it asks for the addresses of the contact points
    try:
        yield cluster
    finally:
        await asyncio.to_thread(cluster.shutdown)


async def _run(work: Callable[..., _Result], *arguments: object) -> _Result:
    """Run what blocks in a thread. Raises StartError for what the driver says."""
    try:
        return await asyncio.to_thread(work, *arguments)
    except NoHostAvailable as error:
        raise StartError(_explain(error)) from error
    except InvalidRequest as error:
        raise StartError(f"Cassandra's tables are not there or old: run `guildway migrate` ({error})") from error
    except UnresolvableContactPoints as error:
        raise StartError("Cassandra has no address: cassandra.contact_points has names that nobody knows") from error
    except DriverException as error:
        raise StartError(f"Cassandra cannot be used: {error}") from error


def _explain(error: NoHostAvailable) -> str:
    errors = error.errors
    reasons = list(errors.values()) if isinstance(errors, dict) else list(errors)
    if any(isinstance(reason, AuthenticationFailed) for reason in reasons):
        return f"Cassandra refuses cassandra.user and cassandra.password: {reasons[0]}"
    told = "; ".join(str(reason) for reason in reasons) or str(error)
    return f"Cassandra does not answer at cassandra.contact_points, or has no server in cassandra.datacenter: {told}"
