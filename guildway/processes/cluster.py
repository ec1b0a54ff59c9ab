"""One process of a cluster: an API, a worker with the gateway, or both in one.

This module is the composition root of the roles, as `guildway.processes.embedded` is that of the whole backend. Every
role has the services of the API: a worker sends by them what clients send over their sockets. Only the listeners
differ.
"""

import asyncio
import contextlib
import logging
import platform
import socket
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from api.app import Api
from core.bus.redis import RedisBus
from core.http.server import HttpServer
from core.http.shared_port import Front
from core.runtime.access_log import open_access_log
from core.runtime.clock import SystemClock
from core.runtime.errors import StartError
from core.runtime.settings.settings import Settings
from core.runtime.sockets import open_listener
from core.runtime.tls import open_certificates
from core.runtime.unix_sockets import UNIX
from core.store.cluster.reaction_sweep import ReactionSweep
from gateway.app import Gateway
from gateway.transport.listener import make_listener
from gateway.transport.public_address import PublicAddress
from guildway.data.data_files import DataFiles
from guildway.processes.cluster_ground import ClusterGround, lay_cluster_ground
from guildway.processes.cluster_neighbours import ClusterNeighbours, open_neighbours
from guildway.processes.cluster_servers import watch_search
from guildway.processes.cluster_voice import ClusterVoice, open_cluster_voice
from guildway.processes.files import check_shared_files, open_files
from guildway.processes.gateway_addresses import GatewayAddresses
from guildway.processes.ground import KERNELS, Ground, build_metrics
from guildway.processes.listeners import make_api_server, make_operations_server
from guildway.processes.operator_key import open_operator_key
from guildway.processes.roles import Role
from guildway.processes.server import Chore, Server
from guildway.processes.tiers import build_the_api, build_the_gateway, list_common_chores, make_address
from guildway.processes.tracing import open_tracer, trace_ground
from guildway.version import VERSION

logger = logging.getLogger(__name__)

_LOOK_S: Final = 1.0
"""The time between looks whether the process is as new as the cluster, while it starts."""

_FIRST_WORKER: Final = "worker-1"
"""The worker that `shardctl up` starts first, whose clients an API sends to it before it knows who lives."""


@contextlib.asynccontextmanager
async def open_role(settings: Settings, *, role: Role, name: str) -> AsyncIterator[Server]:
    """Build the parts of a role; on leaving close them.

    Raises:
        StartError: when a socket, a folder or a server is not available.
    """
    if settings.gateway.host.startswith(UNIX):
        raise StartError("gateway.host is a Unix socket: a cluster's workers need ports, by which they are found")
    clock = SystemClock()
    certificates = open_certificates(settings.tls)
    front = Front(tls=None if certificates is None else certificates.context)
    metrics = build_metrics(worker=name)
    files = DataFiles.in_folder(Path(settings.store.data_dir))
    files.images.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    files.prepare_images()
    async with contextlib.AsyncExitStack() as stack:
        api_socket = stack.enter_context(open_listener(settings.api)) if role.has_api else None
        operations_socket = None
        if settings.metrics.enabled:
            operations_socket = stack.enter_context(open_listener(settings.metrics))
        laid = await stack.enter_async_context(
            lay_cluster_ground(settings=settings, role=role, name=name, clock=clock, metrics=metrics)
        )
        tracer = await stack.enter_async_context(open_tracer(settings.traces, name=name))
        laid = msgspec.structs.replace(laid, ground=trace_ground(laid.ground, tracer))
        ground = laid.ground
        await stack.enter_async_context(watch_search(settings.search, ground.readiness))
        address = make_address(settings, worker=name if role.has_gateway else _FIRST_WORKER)
        opened = await open_files(ground, files, api_socket)
        if role.has_api:
            await check_shared_files(opened, ground.store)
        access_log = stack.enter_context(open_access_log(settings.logging.access_file))
        key = await open_operator_key(ground.store.secrets)
        api = build_the_api(
            ground, opened, _make_addresses(laid, address).url_for, operator_key=key, access_log=access_log
        )
        await api.prepare()
        laid.bus.on_loss(lambda _shard: api.memory.forget_all())
        neighbours = None if laid.shards is None else await open_neighbours(laid, laid.shards)
        voice = None if neighbours is None else await open_cluster_voice(laid)
        gateway = _open_gateway(laid, api, address, neighbours, voice, front)
        yield Server(
            gateway=gateway,
            api_server=None if api_socket is None else _make_api_server(ground, api, api_socket, front),
            operations_server=_make_operations_server(ground, operations_socket),
            garbage=ground.garbage,
            chores=_list_chores(laid, api, role, gateway, address)
            | ({} if neighbours is None else neighbours.list_chores())
            | ({} if voice is None else voice.list_chores()),
            facts=_list_facts(ground, role, name),
            prepare=lambda: _prepare(laid.bus, neighbours, voice),
            reload=certificates.reload if certificates else lambda: None,
        )


def _open_gateway(
    laid: ClusterGround,
    api: Api,
    address: PublicAddress,
    neighbours: ClusterNeighbours | None,
    voice: ClusterVoice | None,
    front: Front,
) -> Gateway | None:
    settings, shards = laid.ground.settings.gateway, laid.shards
    if neighbours is not None and shards is not None:
        # Clients that came back to this very worker would be sent away again and again.
        sends_away = settings.resumes_anywhere
        return build_the_gateway(
            laid.ground,
            api,
            address,
            make_listener=partial(make_listener, front=front),
            is_drained=lambda: sends_away and shards.is_drained,
            neighbours=neighbours,
            voice_nodes=None if voice is None else voice.nodes,
        )
    address.bind(settings.host, settings.port)  # where the worker of these settings listens
    return None


def _make_addresses(laid: ClusterGround, own: PublicAddress) -> GatewayAddresses:
    """Make the addresses that the API tells clients: those of the workers that live."""
    settings = laid.ground.settings.gateway
    return GatewayAddresses(list_workers=lambda: laid.living.workers, host=settings.host, fallback=own)


def _make_api_server(ground: Ground, api: Api, sock: socket.socket, front: Front) -> HttpServer:
    return make_api_server(
        api.asgi,
        sock,
        settings=ground.settings.api,
        shares=ground.shares,
        readiness=ground.readiness,
        metrics=ground.metrics,
        tracer=ground.tracer,
        front=front,
    )


def _make_operations_server(ground: Ground, sock: socket.socket | None) -> HttpServer | None:
    return None if sock is None else make_operations_server(ground.readiness, ground.metrics, sock)


def _list_chores(
    laid: ClusterGround, api: Api, role: Role, gateway: Gateway | None, address: PublicAddress
) -> dict[str, Chore]:
    chores = {
        **list_common_chores(laid.ground, api),
        **laid.chores,
        **laid.jobs.sweep_doors(
            laid.rows,
            laid.mentions,
            api.stored_events,
            ReactionSweep(rows=laid.reaction_rows, events=api.reaction_events),
        ),
        **laid.jobs.follow_authors(api.own_places),
        **laid.jobs.sweep_crossposts(api.crosspost_sweep),
    }
    if role.has_api:
        chores |= laid.jobs.sweep_files(api.file_sweep) | {"living workers": laid.living.run}
        chores |= laid.jobs.purge_messages(api.message_purge)
    if gateway is not None:
        chores["watch for losses"] = partial(_watch_for_losses, laid.bus, gateway)
        if laid.shards is not None:
            chores |= laid.shards.list_chores(lambda: gateway.session_count, address)
    return chores


async def _watch_for_losses(bus: RedisBus, gateway: Gateway) -> None:
    """End the worker when the logs have lost what it has told, or it has missed what they had.

    The state of its guilds and what its sessions know cannot be trusted then. The process is started again, and its
    sessions come back: those whose place in the logs is still true resume, the others are told to begin anew.
    """
    await _wait_current(bus)
    lost: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def end(shard: int) -> None:
        # At once: the next event is behind the gap, and a cut with its position would hide the gap from who resumes.
        gateway.stop_journal()
        if not lost.done():
            lost.set_result(shard)

    bus.on_loss(end)
    raise RuntimeError(f"the log of shard {await lost} is not the one that this worker has followed")


async def _prepare(bus: RedisBus, neighbours: ClusterNeighbours | None, voice: ClusterVoice | None) -> None:
    await _wait_current(bus)
    if voice is not None:
        await voice.prepare()
    if neighbours is not None:
        await neighbours.wait_known()


async def _wait_current(bus: RedisBus) -> None:
    """Wait until this process has caught up with the logs: before, its answers would be refusals."""
    while not await bus.wait_current(_LOOK_S):
        logger.info("waits for the logs in Redis")


def _list_facts(ground: Ground, role: Role, name: str) -> dict[str, object]:
    settings = ground.settings
    return {
        "role": role.value,
        "process_name": name,
        "version": VERSION,
        "python": platform.python_version(),
        "kernels": KERNELS,
        "num_shards": settings.store.num_shards,
        "node_number": ground.ids.number,
        "messages": "Cassandra" if settings.cassandra.contact_points else "PostgreSQL",
        "listens": f"{settings.api.host} (api), {settings.gateway.host} (gateway)",
        "trusted_proxies": list(settings.api.trusted_proxies),
    }
