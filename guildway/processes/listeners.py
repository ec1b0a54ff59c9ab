"""The HTTP listeners of a process: the API's, and the one for operations, which every process may have."""

import socket
from typing import Final

from api.http.scope import TEMPLATE_KEY
from core.http.bounds import HttpBounds
from core.http.server import HttpServer
from core.http.shared_port import PLAIN, Front
from core.runtime.descriptors import DescriptorShares
from core.runtime.metrics.metrics import Metrics
from core.runtime.operations import build_operations
from core.runtime.probes import Application, build_probes
from core.runtime.readiness import Readiness
from core.runtime.settings.settings import ApiSettings
from core.runtime.traces.interfaces import Tracer
from core.runtime.traces.request import RequestTracing

REQUEST_GRACE_S: Final = 3
OPERATIONS_CONNECTIONS: Final = 8
"""The connections of the operations listener, out of the process's own descriptors."""


def make_api_server(
    app: Application,
    sock: socket.socket,
    *,
    settings: ApiSettings,
    shares: DescriptorShares,
    readiness: Readiness,
    metrics: Metrics,
    tracer: Tracer | None = None,
    front: Front = PLAIN,
) -> HttpServer:
    """Make the API's listener, which answers probes too."""
    if tracer is not None:
        app = RequestTracing(app, tracer=tracer, route_key=TEMPLATE_KEY)
    refusals = metrics.limit_refusals_total
    return HttpServer(
        app=build_probes(app=app, find_fault=readiness.find_fault, list_impairments=lambda: readiness.last_impairments),
        sock=sock,
        grace_s=REQUEST_GRACE_S,
        trusted_proxies=settings.trusted_proxies,
        count_refusal=lambda limit: refusals.labels(limit).inc(),
        bounds=HttpBounds(
            # One address does not get all connections, whatever the setting is.
            connections_per_address=min(settings.connections_per_address, shares.api * 3 // 4),
            connections=shares.api,
        ),
        front=front,
    )


def make_operations_server(readiness: Readiness, metrics: Metrics, sock: socket.socket) -> HttpServer:
    """Make the listener of /metrics and of the probes."""
    return HttpServer(
        app=build_operations(
            registry=metrics.registry,
            find_fault=readiness.find_fault,
            list_impairments=lambda: readiness.last_impairments,
        ),
        sock=sock,
        grace_s=REQUEST_GRACE_S,
        bounds=HttpBounds(connections=OPERATIONS_CONNECTIONS),
    )
