"""A guild as one session sees it: GUILD_CREATE, and the guild in READY of a person. Pure.

```
 own:    joined_at, large, unavailable          made for each session, with its member when the shared list lacks it
 shared: fields and roles │ channels of a view │ members │ presences      `gateway.guilds.guild_parts`
```

People's clients get the guilds that their session begins with in READY, and GUILD_CREATE only when they join one later.
Clients that can merge people by themselves (`Capability.DEDUPED_USERS`) get READY's guilds without members and
presences, which stand beside the guilds.

Source: Discord's documentation, "Guild Create". The end-to-end tests hold the fields that client libraries read.
"""

from typing import Any, Final

import msgspec

from core.domain.events import GUILD_CREATE
from core.domain.intents import Intent
from core.wire.capabilities import Capability, has
from gateway.guilds.guild_parts import GuildParts, People
from gateway.guilds.hiding import HiddenFrom, hides_nobody
from gateway.guilds.state.guild_state import GuildState
from gateway.guilds.state.member_table import MemberState
from gateway.payloads.shared_pairs import SharedPairs
from gateway.payloads.shared_text import SharedText
from gateway.payloads.spliced_body import SplicedBody
from gateway.sessions.seat import Seat
from gateway.sessions.shown_guild import ShownGuild

_PRESENCES: Final = int(Intent.GUILD_PRESENCES)
_MAX_MEMBERS_WITH_PRESENCES: Final = 75_000
"""Above it, GUILD_CREATE lists only the session's own member (Discord's rule)."""

_SMALL: Final = 100
"""Up to so many members READY_SUPPLEMENTAL lists those who are offline as well: as many as the rows of a member list
that a client asks for first. In larger guilds they come with the list."""
_NOBODY: Final[frozenset[int]] = frozenset()
_encode = msgspec.json.Encoder().encode


class _Member(msgspec.Struct):
    """The fields that are read of a member object."""

    joined_at: msgspec.Raw


_decode_member = msgspec.json.Decoder(_Member).decode


class GuildCreates:
    """Shows one guild to sessions."""

    __slots__ = ("_hidden_from", "_parts", "_state")

    def __init__(self, state: GuildState, parts: GuildParts, *, hidden_from: HiddenFrom = hides_nobody) -> None:
        """`hidden_from` says whose presence a user does not see."""
        self._hidden_from = hidden_from
        self._state = state
        self._parts = parts

    def build(
        self,
        session: Seat,
        member: MemberState,
        *,
        channel_ids: frozenset[int],
        is_new: bool,
        shows_others: bool = True,
    ) -> SplicedBody:
        """Make GUILD_CREATE for a session.

        `channel_ids` are the channels that it may view. On a fresh join (`is_new`) there is no `unavailable` key, by
        which libraries tell a join from a reconnect. With `shows_others` False it lists only the session's own member.
        """
        own = self._own_pairs(session, member)
        if not is_new:
            own["unavailable"] = False
        people = self._people_pairs(session, member, own, channel_ids=channel_ids, shows_others=shows_others)
        return SplicedBody(GUILD_CREATE, _encode(own), (*self._guild_pairs(session, channel_ids), *people))

    def show(
        self, session: Seat, member: MemberState, *, channel_ids: frozenset[int], shows_others: bool
    ) -> ShownGuild:
        """Make the guild for READY of a person's session. The arguments are those of `build`."""
        guild_id, capabilities = self._state.guild_id, session.profile.capabilities
        own, parts = self._own_pairs(session, member), self._guild_pairs(session, channel_ids)
        itself = self._parts.member(member, for_person=True)
        voice = self._parts.voice(channel_ids)
        shown = ShownGuild(guild_id, b"", parts, itself, voice_states=None if voice is None else voice.states)
        if not has(capabilities, Capability.DEDUPED_USERS):
            people = self._people_pairs(session, member, own, channel_ids=channel_ids, shows_others=shows_others)
            return shown._replace(own=_encode(own), parts=(*parts, *people))
        if not self._lists_others(session, shows_others=shows_others):
            return shown._replace(own=_encode(own), members=self._list_voice(None, channel_ids))
        is_prioritised = has(capabilities, Capability.PRIORITISED_READY)
        is_large = own["large"] or (is_prioritised and self._state.members.count > _SMALL)
        others = self._parts.people(large=is_large, for_person=True, without=self._find_hidden(session))
        members = self._list_voice(others, channel_ids)
        return shown._replace(own=_encode(own), members=members, presences=others.presence_list)

    def _list_voice(self, others: People | None, channel_ids: frozenset[int]) -> SharedText | None:
        """Return the list of members with those who are in voice: the shared one when it has them."""
        listed = _NOBODY if others is None else others.user_ids
        missing = [each for each in self._parts.in_voice(channel_ids) if each.user_id not in listed]
        if not missing:
            return None if others is None else others.member_list
        added = _encode([self._parts.member(each, for_person=True) for each in missing])
        if others is None or not listed:
            return SharedText(added)
        return SharedText(others.member_list.json[:-1] + b"," + added[1:])

    def _find_hidden(self, session: Seat) -> frozenset[int]:
        """Return the members who are online and whose presence the session's user does not see."""
        hidden = self._hidden_from(session.user_id)
        return frozenset(hidden) & self._state.presences.keys() if hidden else _NOBODY

    def _own_pairs(self, session: Seat, member: MemberState) -> dict[str, Any]:
        is_large = self._state.members.count > session.profile.large_threshold
        return {"joined_at": _decode_member(member.raw).joined_at, "large": is_large}

    def _guild_pairs(self, session: Seat, channel_ids: frozenset[int]) -> tuple[SharedPairs, ...]:
        has_properties = has(session.profile.capabilities, Capability.GUILD_PROPERTIES)
        parts = self._parts.guild(has_properties=has_properties), self._parts.channels(channel_ids)
        voice = self._parts.voice(channel_ids)
        return parts if voice is None else (*parts, voice.pairs)

    def _lists_others(self, session: Seat, *, shows_others: bool) -> bool:
        if not shows_others or not session.intents & _PRESENCES:
            return False
        return self._state.members.count <= _MAX_MEMBERS_WITH_PRESENCES

    def _people_pairs(
        self,
        session: Seat,
        member: MemberState,
        own: dict[str, Any],
        *,
        channel_ids: frozenset[int],
        shows_others: bool,
    ) -> tuple[SharedPairs, ...]:
        """Return the members and presences that are shared. What is not goes into the own pairs.

        Who is in voice is listed in any case.
        """
        parts, for_person, is_large = self._parts, not session.profile.is_bot, own["large"]
        itself = parts.member(member, for_person=for_person)
        if not self._lists_others(session, shows_others=shows_others):
            voiced = [each for each in parts.in_voice(channel_ids) if each.user_id != member.user_id]
            own["members"] = [itself, *(parts.member(each, for_person=for_person) for each in voiced)]
            own["presences"] = []
            return ()
        hidden = self._find_hidden(session)
        people = parts.people(large=is_large, for_person=for_person, without=hidden)
        missing = [each for each in parts.in_voice(channel_ids) if each.user_id not in people.user_ids]
        if member.user_id in people.user_ids and not missing:
            return people.members, people.presences
        all_others = (*parts.listed(large=is_large, without=hidden), *missing)
        others = [each for each in all_others if each.user_id != member.user_id]
        own["members"] = [*(parts.member(each, for_person=for_person) for each in others), itself]
        return (people.presences,)
