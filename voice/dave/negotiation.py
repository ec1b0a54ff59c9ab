"""DAVE in one room: whether it is spoken, who is in the group, and when all change to other keys.

```
            everybody speaks it, op 24                all have sent key packages
  PLAIN ───────────────────────────→ RISING ───────────────────────────────→ ENCRYPTED ⟲ a commit for each change
    ↑                                  │ somebody does not (any more), op 21      │
    └──────── all are ready ────── FALLING ←──────────────────────────────────────┘
```

A room whose first client speaks it begins at ENCRYPTED. One change is made at a time: what happens while a transition
runs is proposed after it. The rules are those of Discord's protocol, version 1.1 (daveprotocol.com).
"""

import enum
import functools
import logging
from collections import Counter
from collections.abc import Iterable
from typing import Final

from voice.dave.group import Accepted, Group
from voice.dave.happenings import Count, Happening
from voice.dave.participant import CallLater, Participant, Timer
from voice.dave.transition import Transition
from voice.mls.external_sender import ExternalSender
from voice.mls.key_package import KeyPackage, parse_key_package
from voice.mls.labels import USER_ID_BYTES
from voice.mls.presentation import BadMessage
from voice.protocol import dave_payloads as payloads

logger = logging.getLogger(__name__)

DAVE_VERSION: Final = 1
MOST_PEOPLE: Final = 100
"""Each change is a commit from each of them, of up to 45 KB among so many. Larger rooms do without."""
_LAST_NUMBER: Final = 0xFFFF


class Phase(enum.Enum):
    """What a room speaks, or goes to speak."""

    PLAIN = "plain"
    RISING = "rising"
    ENCRYPTED = "encrypted"
    FALLING = "falling"


class Negotiation:
    """The negotiation of one room. What reads clients' bytes raises BadMessage for those that are wrong."""

    __slots__ = (
        "_answer_s", "_answers", "_awaited", "_call_later", "_group", "_group_id", "_number", "_packages", "_people",
        "_plain", "_sender", "_silent", "_stale", "_transition", "_transition_s", "count", "phase",
    )  # fmt: skip

    def __init__(
        self,
        *,
        channel_id: int,
        sender: ExternalSender,
        call_later: CallLater,
        transition_s: float,
        answer_s: float,
        count: Count = lambda _happening: None,
    ) -> None:
        """A transition waits `transition_s` for clients, a room that takes DAVE up `answer_s` for key packages."""
        self.count = count
        self._group_id = channel_id.to_bytes(USER_ID_BYTES, "big")
        self._sender = sender
        self._call_later = call_later
        self._transition_s = transition_s
        self._answer_s = answer_s
        self.phase = Phase.PLAIN
        self._people: dict[int, Participant] = {}
        self._plain: set[int] = set()
        """Who was told to speak none when it came in. The room goes down before it takes them along."""
        self._silent: set[int] = set()
        """Who has not answered when the room took it up, and so does not speak it."""
        self._group = Group(self._group_id, sender)
        self._awaited: Counter[int] = Counter()
        """How many key packages each client will send, of which the last one is good: it has forgotten the others."""
        self._packages: dict[int, KeyPackage] = {}
        """The key packages of those who are to be added."""
        self._stale: set[int] = set()
        """Whose leaves are of no use any more: they are gone, or have lost their keys."""
        self._transition: Transition | None = None
        self._number = 0
        self._answers: Timer | None = None

    # ---- people

    def version_for(self, participant: Participant) -> int:
        """Return what a client that comes in now is told to speak."""
        others = [other for user_id, other in self._people.items() if user_id != participant.user_id]
        is_spoken = participant.dave_version > 0 and len(others) < MOST_PEOPLE and all(map(self._speaks, others))
        return DAVE_VERSION if is_spoken else 0

    def enter(self, participant: Participant) -> None:
        """Take somebody in who was just told `version_for`. Who is there already begins anew."""
        self.leave(participant.user_id)
        version = self.version_for(participant)
        if not self._people:
            self._restart(Phase.ENCRYPTED if version else Phase.PLAIN)
        self._people[participant.user_id] = participant
        if version:
            self._awaited[participant.user_id] = 1
            participant.send(payloads.external_sender(self._sender.package))
        else:
            self._plain.add(participant.user_id)
        self._turn()

    def leave(self, user_id: int) -> None:
        """Take somebody out. Nothing happens when nobody of this id is there."""
        if self._people.pop(user_id, None) is None:
            return
        self._silent.discard(user_id)
        self._plain.discard(user_id)
        self._awaited.pop(user_id, None)
        self._forget(user_id)
        if not self._people:
            self.close()
        elif self._transition is not None:
            self._transition.leave(user_id)
        self._turn()

    def close(self) -> None:
        """End the timers."""
        if self._answers is not None:
            self._answers.cancel()
            self._answers = None
        if self._transition is not None:
            self._transition.cancel()
            self._transition = None

    # ---- what clients say

    def take_key_package(self, participant: Participant, data: bytes) -> None:
        """Add somebody with this key package, in place of an earlier one. Raises BadMessage."""
        user_id = participant.user_id
        package = parse_key_package(data, user_id=user_id)
        if not self._is_here(participant):
            return
        if any(package.keys & other.keys for other in self._packages.values() if other.user_id != user_id):
            raise BadMessage("the key of another client")
        if self._group.find_owner(package.signature_key) not in (None, user_id):
            raise BadMessage("the key of another member")
        self._awaited[user_id] = max(0, self._awaited[user_id] - 1)
        if not self._awaited[user_id] and self.phase in (Phase.RISING, Phase.ENCRYPTED):
            self._packages[user_id] = package
            self._turn()

    def take_commit(self, participant: Participant, data: bytes) -> None:
        """Make this commit the group's next epoch if it is the first that is right. Raises BadMessage."""
        if not self._is_here(participant) or self.phase is not Phase.ENCRYPTED or self._transition is not None:
            return
        accepted = self._group.accept(participant.user_id, data)
        if accepted is not None:
            self._announce(accepted)

    def take_ready(self, participant: Participant, number: int) -> None:
        """Note that a client is ready for a transition."""
        transition = self._transition
        if transition is not None and transition.number == number and self._is_here(participant):
            transition.ready(participant.user_id)

    def take_invalid(self, participant: Participant) -> None:
        """Remove somebody from the group that could not read a commit or Welcome; its next key package adds it."""
        if self._is_here(participant):
            logger.info("a client cannot read its group's commit", extra={"user_id": participant.user_id})
            self.count(Happening.UNREADABLE)
            self._awaited[participant.user_id] += 1
            self._forget(participant.user_id)
            if self._transition is not None:
                self._transition.ready(participant.user_id)
            self._turn()

    # ---- turns

    def _turn(self) -> None:
        """Begin what is to be done next."""
        if self._transition is not None or not self._people:
            return
        is_spoken = len(self._people) <= MOST_PEOPLE and all(map(self._speaks, self._people.values()))
        match self.phase:
            case Phase.PLAIN if is_spoken:
                self._rise()
            case Phase.RISING | Phase.ENCRYPTED if self._plain or not is_spoken:
                self._fall()
            case Phase.RISING if self._packages.keys() >= self._people.keys():
                self._stop_waiting()
                self.phase = Phase.ENCRYPTED
                self._regroup()
            case Phase.ENCRYPTED:
                self._regroup()

    def _rise(self) -> None:
        self.count(Happening.RAISED)
        self._restart(Phase.RISING)
        self._answers = self._call_later(self._answer_s, self._give_up_silent)
        self._prepare_group()

    def _give_up_silent(self) -> None:
        self._answers = None
        self._silent |= self._people.keys() - self._packages.keys()
        self._turn()

    def _fall(self) -> None:
        self.count(Happening.LOWERED)
        self._stop_waiting()
        speakers = {
            user_id: each for user_id, each in self._people.items() if self._speaks(each) and user_id not in self._plain
        }
        self._restart(Phase.FALLING)
        if not speakers:
            self.phase = Phase.PLAIN
            return
        number = self._begin(speakers)
        for each in speakers.values():
            each.send(payloads.prepare_transition(number, 0))

    def _regroup(self) -> None:
        """Propose what makes the group that of the people here."""
        group = self._group
        if not group.is_established:
            self._propose(list(self._packages), remove=())
            return
        stale = [user_id for user_id in group.leaves if user_id in self._stale or user_id in self._packages]
        steady = [user_id for user_id in group.leaves if user_id not in stale]
        if len(steady) > 1:
            self._propose(steady, remove=stale)
            return
        self.count(Happening.RESET)
        self._restart(Phase.ENCRYPTED)
        self._prepare_group()
        if len(self._people) == 1:
            self._tell_all(payloads.prepare_transition(0, DAVE_VERSION))

    def _propose(self, members: list[int], *, remove: Iterable[int]) -> None:
        for change in self._group.propose(members, add=self._packages, remove=list(remove)):
            client = self._people[change.user_id]
            if change.revoked:
                client.send(payloads.revoke_proposals(change.revoked))
            if change.appended:
                client.send(payloads.append_proposals(change.appended))

    def _announce(self, accepted: Accepted) -> None:
        self.count(Happening.COMMIT)
        added = {package.user_id: package.ref for package in accepted.added}
        told = {user_id: self._people[user_id] for user_id in (*accepted.keepers, *added)}
        number = self._begin(told)
        self._packages = {user_id: package for user_id, package in self._packages.items() if user_id not in told}
        for user_id in accepted.keepers:
            told[user_id].send(payloads.announce_commit(number, accepted.commit))
        for user_id, ref in added.items():
            if accepted.welcome is not None:
                told[user_id].send(payloads.welcome(number, accepted.welcome.encode_for(ref)))
        self._stale = (self._stale & self._group.leaves.keys()) - added.keys()

    def _begin(self, told: dict[int, Participant]) -> int:
        """Begin a transition of these; return its number."""
        self._number = self._number % _LAST_NUMBER + 1
        start = functools.partial(self._call_later, self._transition_s)
        self._transition = Transition(self._number, told, start=start, over=self._execute)
        return self._number

    def _execute(self) -> None:
        transition, self._transition = self._transition, None
        if transition is None:
            return
        for user_id, client in transition.told.items():
            if self._people.get(user_id) is client:
                client.send(payloads.execute_transition(transition.number))
        if self.phase is Phase.FALLING:
            self.phase = Phase.PLAIN
        self._turn()

    # ---- parts

    def _restart(self, phase: Phase) -> None:
        """Have no group yet, or none any more."""
        self.phase = phase
        self._group = Group(self._group_id, self._sender)
        self._packages.clear()
        self._plain.clear()
        self._stale.clear()

    def _prepare_group(self) -> None:
        """Have all clients begin a group of their own, and send key packages."""
        self._awaited.update(self._people.keys())
        self._tell_all(payloads.prepare_epoch(DAVE_VERSION))
        self._tell_all(payloads.external_sender(self._sender.package))

    def _tell_all(self, payload: payloads.AnyPayload) -> None:
        for each in self._people.values():
            each.send(payload)

    def _forget(self, user_id: int) -> None:
        self._packages.pop(user_id, None)
        if user_id in self._group.leaves:
            self._stale.add(user_id)

    def _is_here(self, participant: Participant) -> bool:
        return self._people.get(participant.user_id) is participant

    def _speaks(self, participant: Participant) -> bool:
        return participant.dave_version > 0 and participant.user_id not in self._silent

    def _stop_waiting(self) -> None:
        if self._answers is not None:
            self._answers.cancel()
            self._answers = None
