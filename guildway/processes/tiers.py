"""The two tiers on the ground of a process.

```
 HTTP ─→ api ─→ store, door ─→ bus ─→ gateway ─→ WebSockets
          ↑                             │
          └── messages sent over a socket
```
"""

import asyncio
from collections.abc import Callable

from api.app import Api, build_api
from api.common_parts import ApiGround
from core.runtime.access_log import AccessLog
from core.runtime.errors import StartError
from core.runtime.loop_lag import LoopLag
from core.runtime.settings.settings import Settings
from core.voice.interfaces import VoiceNodes
from gateway.app import Gateway, build_gateway
from gateway.far.neighbours import Neighbours
from gateway.transport.listener import MakeListener, make_listener
from gateway.transport.public_address import PublicAddress
from gateway.transport.surroundings import Surroundings
from guildway.processes.files import Files
from guildway.processes.ground import Ground
from guildway.processes.server import Chore


def make_address(settings: Settings, *, worker: str) -> PublicAddress:
    """Make the address of a gateway. `worker` is the name of its process."""
    gateway, is_tls = settings.gateway, bool(settings.tls.certificate)
    return PublicAddress(gateway.public_url, resume_url=gateway.resume_url, worker=worker, is_tls=is_tls)


def build_the_api(
    ground: Ground,
    files: Files,
    gateway_url: Callable[[str], str],
    *,
    operator_key: bytes = b"",
    access_log: AccessLog | None = None,
) -> Api:
    """Build the API. Of the gateway it knows the address only: `gateway_url` gives it for a request's Host header.

    `operator_key` is that of `guildway.processes.operator_key`; without one nobody is the operator.

    Raises:
        StartError: when TURN servers have no secret.
    """
    ice = ground.settings.ice
    if ice.turn_urls and not ice.turn_secret:
        raise StartError("ice.turn_urls needs ice.turn_secret, by which the TURN servers know whom to serve")
    api_ground = ApiGround(
        store=ground.store,
        bus=ground.bus,
        blobs=files.blobs,
        links=files.links,
        external=files.external,
        ids=ground.ids,
        clock=ground.clock,
        settings=ground.settings,
        metrics=ground.metrics,
        door=ground.door,
        limiter=ground.limiter,
        request_gate=ground.request_gate,
        refusals=ground.refusals,
        online=ground.online,
        starts=ground.starts,
        gateway_url=gateway_url,
        random=ground.random,
        access_log=access_log,
        operator_key=operator_key,
    )
    return build_api(api_ground)


def build_the_gateway(
    ground: Ground,
    api: Api,
    address: PublicAddress,
    *,
    make_listener: MakeListener = make_listener,
    is_drained: Callable[[], bool] = lambda: False,
    neighbours: Neighbours | None = None,
    voice_nodes: VoiceNodes | None = None,
) -> Gateway:
    """Build the gateway, which sends clients' messages by the API of its own process.

    `is_drained` says whether clients shall go to other workers. `neighbours` are these. Without
    `voice_nodes` there is voice without media.
    """
    return build_gateway(
        store=ground.store,
        bus=ground.bus,
        clock=ground.clock,
        call_later=asyncio.get_running_loop().call_later,
        settings=ground.settings,
        metrics=ground.metrics,
        messages=api.messages,
        voice=api.voice,
        session_journal=ground.session_journal,
        online=ground.online,
        starts=ground.starts,
        address=address,
        surroundings=Surroundings(
            on_logins=ground.garbage.welcome,
            on_bad_token=api.limits.count_invalid,
            settle_places=api.own_places.settle,
            # What readiness has found may be some seconds old, in which a balancer would send clients back.
            find_fault=lambda: "the worker is drained" if is_drained() else ground.readiness.last_fault,
            is_drained=is_drained,
            max_sockets=ground.shares.gateway,
        ),
        random=ground.random,
        make_listener=make_listener,
        tracer=ground.tracer,
        neighbours=neighbours,
        voice_nodes=voice_nodes,
        current_limits=api.current_limits,
    )


def list_common_chores(ground: Ground, api: Api) -> dict[str, Chore]:
    """List the chores of each process."""
    return {
        "api": api.run,
        "ids": ground.ids.run,
        "garbage": ground.garbage.run,
        "readiness": ground.readiness.run,
        "loop lag": LoopLag(clock=ground.clock, observe=ground.metrics.process.loop_lag_seconds.observe).run,
    }
