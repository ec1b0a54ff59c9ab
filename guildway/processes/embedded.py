"""The whole backend in one process: API, gateway, store and bus on one event loop, data in one folder.

```
 HTTP ────────────→ api ─→ store (SQLite) ─ commit ─→ bus ─→ gateway ─→ WebSockets
                     ↑                                          │
                     └──────── messages sent over a socket ─────┘
```

This module is the composition root: it builds all parts and gives each its dependencies. It owns the order of starting
(data folder, sockets, store, tiers) and of ending (clients reconnect while requests are finished, then chores, store,
folder).
"""

import contextlib
import logging
import platform
import socket
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Final

from core.http.shared_port import Front, SharedPort
from core.runtime.access_log import open_access_log
from core.runtime.clock import Clock, SystemClock
from core.runtime.data_dir import DataDir
from core.runtime.metrics.voice_metrics import VoiceMetrics
from core.runtime.settings.settings import Settings
from core.runtime.sockets import open_listener
from core.runtime.tls import Certificates, open_certificates
from core.store.sql.schema.migrate import SCHEMA_REVISION
from core.store.sql.store import SqlStore
from gateway.transport.listener import make_listener
from guildway.data.data_files import DataFiles
from guildway.processes.embedded_ground import lay_ground, open_ids, open_store
from guildway.processes.files import open_files
from guildway.processes.ground import KERNELS, Ground, build_metrics
from guildway.processes.listeners import make_api_server, make_operations_server
from guildway.processes.operator_key import open_operator_key
from guildway.processes.server import Server, end_within
from guildway.processes.tiers import build_the_api, build_the_gateway, list_common_chores, make_address
from guildway.processes.tracing import open_tracer, trace_ground
from guildway.processes.voice_meters import VoiceMeters
from guildway.processes.voice_node import VoiceNodeProcess
from guildway.processes.voice_process import NodePorts, open_ports
from guildway.version import VERSION

logger = logging.getLogger(__name__)

STORE_GRACE_S: Final = 1.0
_WORKER: Final = "embedded"
"""The label of the gateway's metrics, which in a cluster is the name of the process."""


@contextlib.asynccontextmanager
async def open_embedded(settings: Settings, clock: Clock | None = None) -> AsyncIterator[Server]:
    """Build all parts; on leaving close the store and unlock the data folder.

    Raises:
        StartError: when a socket, the data folder or the database is not available.
    """
    async with contextlib.AsyncExitStack() as stack:
        folder = DataDir(Path(settings.store.data_dir))
        stack.callback(folder.close)
        files = DataFiles.in_folder(folder.path)
        files.refuse_unfinished()
        files.prepare_images()
        # The socket comes before the database: a taken port is the commonest reason for not starting.
        api_socket = stack.enter_context(open_listener(settings.api))
        voice_ports = stack.enter_context(open_ports(settings.voice))
        certificates = open_certificates(settings.tls)
        front = _make_front(settings, certificates, api_socket)
        clock = clock or SystemClock()
        metrics = build_metrics(worker=_WORKER)
        store = await open_store(folder, settings.store, clock, metrics)
        stack.push_async_callback(end_within, STORE_GRACE_S, store.close, "store")
        ids = await open_ids(store, clock)
        stack.push_async_callback(end_within, STORE_GRACE_S, ids.close, "ids")
        tracer = await stack.enter_async_context(open_tracer(settings.traces, name=_WORKER))
        laid = lay_ground(settings=settings, clock=clock, store=store, ids=ids, metrics=metrics)
        ground = trace_ground(laid, tracer)
        address = make_address(settings, worker=_WORKER)
        opened = await open_files(ground, files, api_socket)
        await opened.blobs.staging.sweep(older_than_s=0)  # of an earlier life: nobody else uses the folder
        access_log = stack.enter_context(open_access_log(settings.logging.access_file))
        key = await open_operator_key(store.secrets)
        api = build_the_api(ground, opened, address.url_for, operator_key=key, access_log=access_log)
        await api.prepare()
        voice = _make_voice(ground, voice_ports)
        gateway = build_the_gateway(
            ground,
            api,
            address,
            make_listener=partial(make_listener, front=front),
            voice_nodes=voice.nodes if voice else None,
        )
        operations_server = None
        if settings.metrics.enabled:
            sock = stack.enter_context(open_listener(settings.metrics))
            operations_server = make_operations_server(ground.readiness, ground.metrics, sock)
        api_server = make_api_server(
            api.asgi,
            api_socket,
            settings=settings.api,
            shares=ground.shares,
            readiness=ground.readiness,
            metrics=ground.metrics,
            tracer=tracer,
            front=front,
        )
        folder.tell_api(api_server.url)
        yield Server(
            gateway=gateway,
            api_server=api_server,
            operations_server=operations_server,
            garbage=ground.garbage,
            chores={
                **list_common_chores(ground, api),
                "store": store.run_chores,
                "file sweep": api.file_sweep.run,
                **({"message purge": api.message_purge.run} if api.message_purge.is_on else {}),
                "crosspost sweep": partial(api.crosspost_sweep.run, own_from=ids.next()),
                "own places": api.own_places.run,
                **(voice.list_chores() if voice else {}),
            },
            facts=_list_facts(ground, store),
            reload=partial(_reload, certificates, voice),
        )


def _reload(certificates: Certificates | None, voice: VoiceNodeProcess | None) -> None:
    if certificates is not None:
        certificates.reload()
    if voice is not None:
        voice.reload()


def _make_front(settings: Settings, certificates: Certificates | None, api_socket: socket.socket) -> Front:
    """Tell what stands before the API and the gateway."""
    tls = None if certificates is None else certificates.context
    if not settings.gateway.on_api_port:
        return Front(tls=tls)
    # Accepted sockets inherit it.
    api_socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, settings.gateway.socket_buffer_bytes)
    return Front(tls=tls, shared=SharedPort(api_socket.getsockname()[:2]))


def _make_voice(ground: Ground, ports: NodePorts | None) -> VoiceNodeProcess | None:
    if ports is None:
        return None
    return VoiceNodeProcess(
        settings=ground.settings,
        ports=ports,
        clock=ground.clock,
        randomness=ground.random,
        meters=VoiceMeters(VoiceMetrics(ground.metrics.registry)),
    )


def _list_facts(ground: Ground, store: SqlStore) -> dict[str, object]:
    settings = ground.settings
    return {
        "version": VERSION,
        "python": platform.python_version(),
        "kernels": KERNELS,
        "schema_before": store.schema_before,
        "schema": SCHEMA_REVISION,
        "num_shards": settings.store.num_shards,
        "node_number": ground.ids.number,
        "data_dir": settings.store.data_dir,
        "listens": f"{settings.api.host} (api), {settings.gateway.host} (gateway)",
        "trusted_proxies": list(settings.api.trusted_proxies),
    }
