"""The message side of the composition root: messages, reactions and typing."""

import msgspec

from api.services.channels.last_messages import LastMessages
from api.services.channels.typing_indicators import TypingIndicatorService
from api.services.directs.direct_sends import DirectSends
from api.services.entity_cache import EntityCache
from api.services.files.attachments import AttachmentService
from api.services.files.file_copies import FileCopies
from api.services.ids import IdSource
from api.services.messages.crossposts import CrosspostService
from api.services.messages.first_messages import FirstMessages
from api.services.messages.forgotten_pins import ForgottenPins
from api.services.messages.forwards import Forwards
from api.services.messages.message_changes import MessageChanges
from api.services.messages.message_edits import MessageEditService
from api.services.messages.messages import MessageService
from api.services.messages.pages.message_cache import MessageCache
from api.services.messages.pages.message_history import MessageHistoryService
from api.services.messages.pages.message_renderer import MessageRenderer
from api.services.messages.pages.reader_parts import ReaderParts
from api.services.pins.pin_flags import PinFlags
from api.services.pins.pins import PinService
from api.services.previews.external_pictures import ExternalPictureService
from api.services.previews.previews import PreviewService
from api.services.reactions.reactions import ReactionService
from api.services.reading.chats import ChatService
from api.services.reading.mention_inbox import MentionInboxService
from api.services.reading.read_states import ReadStateService
from api.services.relationships.relationship_cache import RelationshipCache
from api.web_services import WebParts
from core.bus.interfaces import Bus
from core.door.interfaces import Door
from core.live.interfaces import RateLimiter
from core.runtime.clock import Clock
from core.runtime.metrics import Metrics
from core.store.interfaces import Store


class MessageServices(msgspec.Struct, kw_only=True, frozen=True):
    """The services by the names under which handlers ask for them. `messages` is also the gateway's way to send."""

    chats: ChatService
    crossposts: CrosspostService
    edits: MessageEditService
    external_pictures: ExternalPictureService
    history: MessageHistoryService
    mentions: MentionInboxService
    messages: MessageService
    pins: PinService
    previews: PreviewService
    reactions: ReactionService
    read_states: ReadStateService
    typing_indicators: TypingIndicatorService


def build_message_services(  # noqa: PLR0913 - a composition root is given all that its parts need
    *,
    store: Store,
    bus: Bus,
    entities: EntityCache,
    directs: DirectSends,
    relationships: RelationshipCache,
    last_messages: LastMessages,
    cache: MessageCache,
    renderer: MessageRenderer,
    changes: MessageChanges,
    pin_flags: PinFlags,
    door: Door,
    attachments: AttachmentService,
    copies: FileCopies,
    web: WebParts,
    limiter: RateLimiter,
    typing_interval_s: float,
    ids: IdSource,
    clock: Clock,
    metrics: Metrics,
) -> MessageServices:
    """Make the services."""
    parts = ReaderParts(reactions=store.reactions)
    previews = PreviewService(
        entities=entities,
        messages=store.messages,
        change=changes.change,
        previewer=web.previewer,
        pictures=web.pictures,
        metrics=web.metrics,
        settings=web.settings,
    )
    return MessageServices(
        crossposts=CrosspostService(entities=entities, changes=changes, parts=parts),
        chats=ChatService(store=store, entities=entities, last_messages=last_messages, renderer=renderer),
        edits=MessageEditService(
            entities=entities,
            directs=directs,
            messages=store.messages,
            attachments=attachments,
            renderer=renderer,
            parts=parts,
            pins=ForgottenPins(store=store),
            previews=previews,
            ids=ids,
            clock=clock,
        ),
        external_pictures=web.external_pictures,
        history=MessageHistoryService(
            entities=entities, messages=store.messages, cache=cache, renderer=renderer, parts=parts
        ),
        mentions=MentionInboxService(store=store, entities=entities, renderer=renderer, ids=ids),
        messages=MessageService(
            entities=entities,
            directs=directs,
            messages=cache,
            attachments=attachments,
            firsts=FirstMessages(messages=cache, renderer=renderer, bus=bus, own_from=ids.next()),
            forwards=Forwards(entities=entities, messages=cache, copies=copies),
            renderer=renderer,
            door=door,
            previews=previews,
            clock=clock,
            metrics=metrics,
        ),
        pins=PinService(
            store=store,
            entities=entities,
            directs=directs,
            cache=cache,
            renderer=renderer,
            parts=parts,
            flags=pin_flags,
            door=door,
            ids=ids,
            clock=clock,
        ),
        previews=previews,
        reactions=ReactionService(
            entities=entities,
            directs=directs,
            relationships=relationships,
            messages=cache,
            reactions=store.reactions,
            ids=ids,
        ),
        read_states=ReadStateService(store=store, entities=entities, last_messages=last_messages, ids=ids, clock=clock),
        typing_indicators=TypingIndicatorService(
            entities=entities,
            directs=directs,
            bus=bus,
            limiter=limiter,
            ids=ids,
            clock=clock,
            interval_s=typing_interval_s,
        ),
    )
