"""The message side of the composition root: its services by the names that handlers ask for, and its routes."""

from collections.abc import Sequence
from typing import Any, Final

from litestar.handlers import HTTPRouteHandler

from api.routes import direct_channels, messages, typing_indicators
from api.services.channels.direct_channels import DirectChannels
from api.services.channels.typing_indicators import TypingIndicators
from api.services.directory import Directory
from api.services.ids import IdSource
from api.services.limits import Limits
from api.services.messages.message_cache import MessageCache
from api.services.messages.message_edits import MessageEdits
from api.services.messages.message_history import MessageHistory
from api.services.messages.message_limits import MessageLimits
from api.services.messages.message_views import MessageViews
from api.services.messages.messages import MessageService
from core.bus.interfaces import Bus
from core.runtime.clock import Clock
from core.runtime.metrics import Metrics
from core.store.interfaces import Store

MESSAGE_ROUTES: Final[tuple[Sequence[HTTPRouteHandler], ...]] = (
    direct_channels.HANDLERS,
    messages.HANDLERS,
    typing_indicators.HANDLERS,
)


def build_message_services(
    *,
    store: Store,
    bus: Bus,
    directory: Directory,
    limits: Limits,
    typing_interval_s: float,
    ids: IdSource,
    clock: Clock,
    metrics: Metrics,
) -> dict[str, Any]:
    """The services; `messages` is also the gateway's way to send."""
    cache = MessageCache(messages=store.messages, bus=bus)
    views = MessageViews(directory=directory, messages=cache)
    return {
        "direct_channels": DirectChannels(directory=directory, store=store, ids=ids),
        "edits": MessageEdits(directory=directory, messages=store.messages, views=views, ids=ids, clock=clock),
        "history": MessageHistory(directory=directory, messages=store.messages, cache=cache, views=views),
        "messages": MessageService(
            directory=directory,
            messages=cache,
            bus=bus,
            views=views,
            limits=MessageLimits(limits=limits, clock=clock),
            ids=ids,
            clock=clock,
            metrics=metrics,
        ),
        "typing_indicators": TypingIndicators(
            directory=directory, bus=bus, ids=ids, clock=clock, interval_s=typing_interval_s
        ),
    }
