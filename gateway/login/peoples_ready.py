"""READY of people, and READY_SUPPLEMENTAL. Pure.

People's clients differ in what they read, and say a part of it (`core.wire.capabilities`). READY is a *union* of their
forms: a client's capabilities decide where things stand, and what another client looks for elsewhere is there as well.

```
 always            user, users, sessions, private channels (with recipients and their ids), relationships, settings in
                   both forms, read states, guild settings
 guilds            whole; their fields flat, or within `properties`
 people            in the guilds │ in `merged_members` of READY │ oneself there, others in READY_SUPPLEMENTAL
   capabilities    none            DEDUPED_USERS                  and PRIORITISED_READY
```

Guilds and lists of members are shared with other sessions, so both bodies are mosaics (`gateway.payloads.mosaic_body`).

Source: the behaviour of people's clients. Discord's documentation knows READY of bots alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from core.domain.events import READY, READY_SUPPLEMENTAL
from core.domain.login import LoginSnapshot
from core.domain.people.user import User
from core.wire.capabilities import Capability, has
from core.wire.objects.channels.channel import DirectChannelObject, render_direct_channel
from core.wire.objects.channels.read_state import ReadStateObject, render_read_state
from core.wire.objects.people.presence import PresenceObject
from core.wire.objects.people.relationship import render_relationship
from core.wire.objects.people.session import SessionObject
from core.wire.objects.people.user import UserObject, render_own_user, render_user
from core.wire.objects.ready import (
    MergedPresences,
    NotificationSettings,
    PersonsReady,
    ReadySupplemental,
    SupplementalGuild,
    UnavailableGuild,
    VersionedList,
)
from gateway.login.login import Login
from gateway.login.private_data import PrivateData
from gateway.payloads.mosaic_body import MosaicBody, join_own
from gateway.payloads.shared_pairs import SharedPairs
from gateway.payloads.shared_text import SharedText
from gateway.payloads.splicing import Piece
from gateway.sessions.session import Session
from gateway.sessions.shown_guild import ShownGuild

_encode = msgspec.json.Encoder().encode

_EVERYBODYS: Final[dict[str, Any]] = {
    "v": 10,
    "_trace": [],
    "session_type": "normal",
    "guild_join_requests": [],
    "geo_ordered_rtc_regions": [],
    "connected_accounts": [],
    "experiments": [],
    "guild_experiments": [],
    "friend_suggestion_count": 0,
    "tutorial": None,
    "consents": {"personalization": {"consented": False}},
    "analytics_token": "",
    "country_code": "ZZ",  # an unknown region: this server asks nobody where people are
    "api_code_version": 1,
}


class PeoplesReadyMaker:
    """Makes the dispatches with which a person's session begins."""

    __slots__ = ("_everybodys",)

    def __init__(self) -> None:
        self._everybodys = SharedPairs(_encode(_EVERYBODYS))

    def build(
        self,
        session: Session,
        login: Login,
        *,
        guilds: Sequence[ShownGuild],
        sessions: Sequence[SessionObject],
        friends: Sequence[PresenceObject],
        resume_url: str,
    ) -> list[MosaicBody]:
        """Make READY, and READY_SUPPLEMENTAL for who awaits it.

        The session has entered `guilds`. `sessions` are the person's, with this one; `friends` are
        the presences of friends. Later guilds are stubs.
        """
        ready = _render_ready(session, login, sessions, _render_read_states(login, guilds))
        ready.resume_gateway_url = resume_url
        capabilities = session.profile.capabilities
        is_deduped = has(capabilities, Capability.DEDUPED_USERS)
        is_prioritised = is_deduped and has(capabilities, Capability.PRIORITISED_READY)
        if is_deduped and not is_prioritised:
            ready.merged_members = [_with_itself(guild) for guild in guilds]
            presences = [_raw_list(guild.presences) for guild in guilds]
            ready.merged_presences = MergedPresences(guilds=presences, friends=friends)
        else:
            ready.merged_members = [[guild.member] for guild in guilds]
        if not is_deduped:
            ready.presences = friends
        bodies = [MosaicBody(READY, _lay_ready(_encode(ready), guilds, login.later, self._everybodys))]
        if is_prioritised:
            bodies.append(MosaicBody(READY_SUPPLEMENTAL, _lay_supplemental(guilds, friends)))
        return bodies


def _render_read_states(login: Login, guilds: Sequence[ShownGuild]) -> list[ReadStateObject]:
    """Render the read states of what the person may view now."""
    assert login.snapshot is not None, "the login has been read"  # noqa: S101 - for the type checker
    viewed = {channel.id for channel in login.snapshot.direct_channels}.union(*(each.channel_ids for each in guilds))
    return [render_read_state(state) for state in login.private.read_states if state.channel_id in viewed]


def _render_ready(
    session: Session, login: Login, sessions: Sequence[SessionObject], read_states: Sequence[ReadStateObject]
) -> PersonsReady:
    """Render READY without guilds and those who are in them."""
    profile, snapshot, private = session.profile, login.snapshot, login.private
    assert snapshot is not None, "the login has been read"  # noqa: S101 - for the type checker
    lists = _Lists(private, read_states, profile.capabilities)
    return PersonsReady(
        user=render_own_user(snapshot.account),
        users=_render_users(snapshot.account.user, snapshot.direct_users.values(), snapshot.related_users.values()),
        session_id=profile.session_id,
        resume_gateway_url="",
        shard=(profile.shard_id, profile.shard_count) if login.command.shard is not None else msgspec.UNSET,
        auth_session_id_hash=str(profile.auth_session_id),
        static_client_session_id=profile.session_id,
        sessions=sessions,
        private_channels=_render_direct_channels(snapshot, login.last_message_ids),
        relationships=[
            render_relationship(side, snapshot.related_users[side.other_id]) for side in snapshot.relationships
        ],
        read_state=lists.read_states,
        user_guild_settings=lists.guild_settings,
        user_settings=private.settings,
        user_settings_proto=private.settings_proto,
        notification_settings=NotificationSettings(flags=private.notification_flags),
        notes=msgspec.UNSET if has(profile.capabilities, Capability.LAZY_NOTES) else private.notes,
        merged_members=[],
    )


class _Lists:
    """The lists that newer clients get with a version."""

    __slots__ = ("guild_settings", "read_states")

    def __init__(self, private: PrivateData, read_states: Sequence[ReadStateObject], capabilities: int) -> None:
        is_versioned = has(capabilities, Capability.VERSIONED_READ_STATES)
        version = max((entry.version for entry in read_states), default=0)
        self.read_states = VersionedList(entries=read_states, version=version) if is_versioned else read_states
        is_versioned = has(capabilities, Capability.VERSIONED_GUILD_SETTINGS)
        self.guild_settings = VersionedList(entries=private.guild_settings) if is_versioned else private.guild_settings


def _lay_ready(
    own: bytes, guilds: Sequence[ShownGuild], later: Sequence[int], everybodys: SharedPairs
) -> tuple[Piece, ...]:
    """Put whole guilds, and stubs of later ones, into the JSON object `own`."""
    pieces: list[Piece] = [own[:-1] + b',"guilds":[']
    for number, guild in enumerate(guilds):
        pieces += [(b"," if number else b"") + guild.own[:-1], *guild.parts, b"}"]
    stubs = [_encode(UnavailableGuild(id=str(guild_id))) for guild_id in later]
    pieces += [(b"," if guilds and stubs else b"") + b",".join(stubs) + b"]", everybodys]
    return join_own(pieces)


def _lay_supplemental(guilds: Sequence[ShownGuild], friends: Sequence[PresenceObject]) -> tuple[Piece, ...]:
    supplemental = ReadySupplemental(
        guilds=[
            SupplementalGuild(id=str(guild.guild_id), voice_states=_raw_list(guild.voice_states)) for guild in guilds
        ]
    )
    pieces: list[Piece] = [_encode(supplemental)[:-1] + b',"merged_members":[']
    for number, guild in enumerate(guilds):
        pieces += [b"," if number else b"", guild.members or b"[]"]
    pieces.append(b'],"merged_presences":{"friends":' + _encode(friends) + b',"guilds":[')
    for number, guild in enumerate(guilds):
        pieces += [b"," if number else b"", guild.presences or b"[]"]
    return join_own([*pieces, b"]}"])


def _with_itself(guild: ShownGuild) -> msgspec.Raw:
    """Return the listed members behind the session's own one, which may be among them as well."""
    others = bytes(_raw_list(guild.members))[1:]
    return msgspec.Raw(b"[" + bytes(guild.member) + (b"]" if others == b"]" else b"," + others))


def _raw_list(shared: SharedText | None) -> msgspec.Raw:
    return msgspec.Raw(b"[]" if shared is None else shared.json)


def _render_users(*groups: User | Iterable[User]) -> list[UserObject]:
    """Render all users that READY names, each once."""
    users: dict[int, User] = {}
    for group in groups:
        for user in (group,) if isinstance(group, User) else group:
            users[user.id] = user
    return [render_user(user) for user in users.values()]


def _render_direct_channels(login: LoginSnapshot, last_message_ids: Mapping[int, int]) -> list[DirectChannelObject]:
    user_id, users = login.account.user.id, login.direct_users
    rendered = []
    for channel in login.direct_channels:
        others = [users[each] for each in channel.recipient_ids if each != user_id and each in users]
        shown = render_direct_channel(channel, others)
        shown.recipient_ids = [str(user.id) for user in others]
        if channel.id in last_message_ids:
            shown.last_message_id = str(last_message_ids[channel.id])
        rendered.append(shown)
    return rendered
