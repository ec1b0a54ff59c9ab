"""The message side of the composition root: messages, reactions, what is read, and typing."""

import msgspec

from api.common_parts import ApiGround, Common
from api.file_services import FileParts
from api.services.channels.typing_indicators import TypingIndicatorService
from api.services.crossposts.copies import Copies
from api.services.crossposts.crosspost_sweep import CrosspostSweep
from api.services.crossposts.crossposts import CrosspostService
from api.services.crossposts.publisher import Publisher
from api.services.limits import Limits
from api.services.messages.first_messages import FirstMessages
from api.services.messages.forgotten_pins import ForgottenPins
from api.services.messages.forwards import Forwards
from api.services.messages.message_changes import MessageChanges
from api.services.messages.message_edits import MessageEditService
from api.services.messages.message_purge import MessagePurge
from api.services.messages.messages import MessageService
from api.services.messages.pages.message_history import MessageHistoryService
from api.services.messages.pages.reader_parts import ReaderParts
from api.services.messages.stored_events import StoredMessageEvents
from api.services.pins.pin_flags import PinFlags
from api.services.pins.pin_sweep import PinSweep
from api.services.pins.pins import PinService
from api.services.previews.external_pictures import ExternalPictureService
from api.services.previews.previews import PreviewService
from api.services.reactions.reaction_events import StoredReactionEvents
from api.services.reactions.reactions import ReactionService
from api.services.reading.chats import ChatService
from api.services.reading.mention_inbox import MentionInboxService
from api.services.reading.own_places import OwnPlaces
from api.services.reading.read_receipts import ReadReceiptService
from api.services.reading.read_states import ReadStateService
from api.web_services import WebParts


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
    read_receipts: ReadReceiptService
    read_states: ReadStateService
    typing_indicators: TypingIndicatorService


class MessageParts(msgspec.Struct, kw_only=True, frozen=True):
    """The services, and what else the process runs or asks of messages."""

    services: MessageServices
    own_places: OwnPlaces
    pin_sweep: PinSweep
    purge: MessagePurge
    publisher: Publisher
    crosspost_sweep: CrosspostSweep
    changes: MessageChanges
    reaction_events: StoredReactionEvents
    stored_events: StoredMessageEvents


def build_message_parts(
    ground: ApiGround, common: Common, *, files: FileParts, web: WebParts, limits: Limits
) -> MessageParts:
    """Make the services and the chores."""
    store, entities, clock = ground.store, common.entities, ground.clock
    changes = MessageChanges(
        messages=store.messages,
        entities=entities,
        renderer=common.renderer,
        publications=common.publications,
        ids=ground.ids,
    )
    pin_flags = PinFlags(store=store, changes=changes)
    publisher = _build_publisher(ground, common, files, changes)
    own_places = OwnPlaces(store=store, bus=ground.bus, clock=clock)
    return MessageParts(
        services=_build_services(
            ground,
            common,
            files=files,
            web=web,
            limits=limits,
            changes=changes,
            pin_flags=pin_flags,
            own_places=own_places,
        ),
        own_places=own_places,
        pin_sweep=PinSweep(store=store, entities=entities, flags=pin_flags, clock=clock),
        purge=MessagePurge(
            store=store,
            entities=entities,
            publications=common.publications,
            ids=ground.ids,
            clock=clock,
            days=ground.settings.instance.message_days,
        ),
        publisher=publisher,
        crosspost_sweep=CrosspostSweep(store=store, publisher=publisher, ids=ground.ids, clock=clock),
        changes=changes,
        reaction_events=StoredReactionEvents(entities=entities, messages=common.messages),
        stored_events=StoredMessageEvents(entities=entities, renderer=common.renderer),
    )


def _build_publisher(ground: ApiGround, common: Common, files: FileParts, changes: MessageChanges) -> Publisher:
    copies = Copies(
        messages=ground.store.messages,
        changes=changes,
        renderer=common.renderer,
        files=files.copies,
        door=ground.door,
    )
    return Publisher(
        store=ground.store,
        entities=common.entities,
        copies=copies,
        publications=common.publications,
        ids=ground.ids,
    )


def _build_services(
    ground: ApiGround,
    common: Common,
    *,
    files: FileParts,
    web: WebParts,
    limits: Limits,
    changes: MessageChanges,
    pin_flags: PinFlags,
    own_places: OwnPlaces,
) -> MessageServices:
    store, entities, ids, clock = ground.store, common.entities, ground.ids, ground.clock
    renderer, last_messages = common.renderer, common.last_messages
    parts = ReaderParts(reactions=store.reactions)
    previews = _build_previews(ground, common, web, changes)
    return MessageServices(
        chats=ChatService(
            store=store,
            entities=entities,
            last_messages=last_messages,
            renderer=renderer,
            settle_places=own_places.settle,
        ),
        crossposts=CrosspostService(
            entities=entities,
            messages=store.messages,
            changes=changes,
            publications=common.publications,
            parts=parts,
            limits=limits,
            door=ground.door,
        ),
        edits=_build_edits(ground, common, files, previews, parts),
        external_pictures=web.external_pictures,
        history=MessageHistoryService(
            entities=entities,
            messages=store.messages,
            cache=common.messages,
            renderer=renderer,
            parts=parts,
        ),
        mentions=MentionInboxService(store=store, entities=entities, renderer=renderer, ids=ids),
        messages=_build_sends(ground, common, files, previews),
        pins=_build_pins(ground, common, pin_flags, parts),
        previews=previews,
        reactions=_build_reactions(ground, common),
        read_receipts=ReadReceiptService(store=store, entities=entities, ids=ids),
        read_states=ReadStateService(store=store, entities=entities, last_messages=last_messages, ids=ids, clock=clock),
        typing_indicators=_build_typing_indicators(ground, common),
    )


def _build_previews(ground: ApiGround, common: Common, web: WebParts, changes: MessageChanges) -> PreviewService:
    return PreviewService(
        entities=common.entities,
        messages=ground.store.messages,
        change=changes.change,
        previewer=web.previewer,
        pictures=web.pictures,
        metrics=web.metrics,
        settings=web.settings,
    )


def _build_sends(ground: ApiGround, common: Common, files: FileParts, previews: PreviewService) -> MessageService:
    entities, messages, renderer = common.entities, common.messages, common.renderer
    return MessageService(
        entities=entities,
        directs=common.directs,
        messages=messages,
        attachments=files.attachments,
        firsts=FirstMessages(messages=messages, renderer=renderer, bus=ground.bus, own_from=ground.ids.next()),
        forwards=Forwards(entities=entities, messages=messages, copies=files.copies),
        renderer=renderer,
        door=ground.door,
        previews=previews,
        clock=ground.clock,
        metrics=ground.metrics,
    )


def _build_edits(
    ground: ApiGround, common: Common, files: FileParts, previews: PreviewService, parts: ReaderParts
) -> MessageEditService:
    return MessageEditService(
        entities=common.entities,
        directs=common.directs,
        messages=ground.store.messages,
        attachments=files.attachments,
        renderer=common.renderer,
        parts=parts,
        pins=ForgottenPins(store=ground.store),
        publications=common.publications,
        previews=previews,
        door=ground.door,
        ids=ground.ids,
        clock=ground.clock,
    )


def _build_pins(ground: ApiGround, common: Common, flags: PinFlags, parts: ReaderParts) -> PinService:
    return PinService(
        store=ground.store,
        entities=common.entities,
        directs=common.directs,
        cache=common.messages,
        renderer=common.renderer,
        parts=parts,
        flags=flags,
        door=ground.door,
        ids=ground.ids,
        clock=ground.clock,
    )


def _build_reactions(ground: ApiGround, common: Common) -> ReactionService:
    return ReactionService(
        entities=common.entities,
        directs=common.directs,
        relationships=common.relationships,
        messages=common.messages,
        reactions=ground.store.reactions,
        door=ground.door,
        ids=ground.ids,
    )


def _build_typing_indicators(ground: ApiGround, common: Common) -> TypingIndicatorService:
    return TypingIndicatorService(
        entities=common.entities,
        directs=common.directs,
        door=ground.door,
        bus=ground.bus,
        limiter=ground.limiter,
        ids=ground.ids,
        clock=ground.clock,
        current_limits=common.current_limits,
    )
