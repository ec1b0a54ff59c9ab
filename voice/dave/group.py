"""A group as the server knows it: its epoch, whose leaf is which, and what is proposed to whom.

```
 epoch 0 ─ each client has a group of its own, with itself alone at leaf 0; the first commit decides whose it is
 epoch n ─ all members are proposed the same; the first commit that has all of it makes epoch n + 1
```

Pure but for the signatures of proposals. Clients forget what was proposed when the epoch changes.
"""

from collections.abc import Collection, Iterator, Mapping

import msgspec

from voice.mls.commit import Commit, parse_commit
from voice.mls.external_sender import ExternalSender, Proposal
from voice.mls.key_package import KeyPackage
from voice.mls.welcome import Welcome, parse_welcome


class Leaf(msgspec.Struct, frozen=True):
    """A member's place in the group."""

    index: int
    signature_key: bytes


class Change(msgspec.Struct, frozen=True):
    """What one member must be told: first what is revoked, then what is appended."""

    user_id: int
    revoked: list[bytes]
    appended: list[bytes]


class Accepted(msgspec.Struct, frozen=True):
    """A commit that has made an epoch: who gets it, and who gets its Welcome."""

    commit: bytes
    keepers: tuple[int, ...]
    added: list[KeyPackage]
    welcome: Welcome | None


class Group:
    """The group of one channel."""

    __slots__ = ("_adds", "_given", "_id", "_removes", "_sender", "epoch", "leaves")

    def __init__(self, group_id: bytes, sender: ExternalSender) -> None:
        self._id = group_id
        self._sender = sender
        self.epoch = 0
        self.leaves: dict[int, Leaf] = {}
        """The members' leaves, by user id."""
        self._adds: dict[int, Proposal] = {}
        self._removes: dict[int, Proposal] = {}
        self._given: dict[int, list[Proposal]] = {}
        """What each member has of this epoch's proposals."""

    @property
    def is_established(self) -> bool:
        """Whether there has been a commit."""
        return self.epoch > 0

    def find_owner(self, signature_key: bytes) -> int | None:
        """Return the member who signs with this key."""
        return next((user_id for user_id, leaf in self.leaves.items() if leaf.signature_key == signature_key), None)

    def propose(
        self, members: Collection[int], *, add: Mapping[int, KeyPackage], remove: Collection[int]
    ) -> Iterator[Change]:
        """Have the members know these changes and no others; yield what is new to each.

        Before the first commit the members are those who may be added: each is proposed the others.
        """
        self._adds = {user_id: self._propose_add(package) for user_id, package in add.items()}
        self._removes = {user_id: self._propose_remove(user_id) for user_id in remove}
        given, self._given = self._given, {}
        for user_id in members:
            adds = [proposal for other, proposal in self._adds.items() if other != user_id]
            wanted = [*self._removes.values(), *adds]
            self._given[user_id] = wanted
            change = _compare(user_id, given.get(user_id, []), wanted)
            if change.revoked or change.appended:
                yield change

    def accept(self, user_id: int, data: bytes) -> Accepted | None:
        """Take a member's commit, with its Welcome; None when it is not of this epoch or not of all that is proposed.

        Raises:
            BadMessage: when it is no commit of DAVE.
        """
        commit, rest = parse_commit(data)
        given = {proposal.ref: proposal for proposal in self._given.get(user_id, [])}
        leaf = self._find_leaf(user_id)
        if leaf is None or not given or sorted(commit.refs) != sorted(given):
            return None
        if not self._is_of(commit, user_id, leaf):
            return None
        proposals = [given[ref] for ref in commit.refs]
        added = [proposal.added for proposal in proposals if proposal.added is not None]
        welcome = parse_welcome(rest) if added or rest else None
        if welcome is not None and welcome.secrets.keys() != {package.ref for package in added}:
            return None
        keepers = tuple(self._given) if self.is_established else (user_id,)
        self._apply(user_id, leaf, {proposal.removed for proposal in proposals}, added)
        return Accepted(commit.message, keepers, added, welcome)

    # ---- parts

    def _propose_add(self, package: KeyPackage) -> Proposal:
        known = self._adds.get(package.user_id)
        if known is not None and known.added == package:
            return known
        return self._sender.propose_add(self._id, self.epoch, package)

    def _propose_remove(self, user_id: int) -> Proposal:
        known = self._removes.get(user_id)
        return known or self._sender.propose_remove(self._id, self.epoch, self.leaves[user_id].index)

    def _find_leaf(self, user_id: int) -> Leaf | None:
        """Return the leaf from which a user may commit."""
        if self.is_established:
            return self.leaves.get(user_id)
        proposal = self._adds.get(user_id)
        return None if proposal is None or proposal.added is None else Leaf(0, proposal.added.signature_key)

    def _is_of(self, commit: Commit, user_id: int, leaf: Leaf) -> bool:
        if (commit.group_id, commit.epoch, commit.sender) != (self._id, self.epoch, leaf.index):
            return False
        new = commit.leaf
        return new is None or (new.user_id, new.signature_key) == (user_id, leaf.signature_key)

    def _apply(self, user_id: int, leaf: Leaf, removed: Collection[int | None], added: list[KeyPackage]) -> None:
        """Change the tree as members do: first come removals, then each new one gets the first free leaf."""
        leaves = self.leaves if self.is_established else {user_id: leaf}
        self.leaves = {each: old for each, old in leaves.items() if old.index not in removed}
        for package in added:
            taken = {each.index for each in self.leaves.values()}
            index = next(place for place in range(len(taken) + 1) if place not in taken)
            self.leaves[package.user_id] = Leaf(index, package.signature_key)
        self.epoch += 1
        self._adds, self._removes, self._given = {}, {}, {}


def _compare(user_id: int, known: list[Proposal], wanted: list[Proposal]) -> Change:
    """Say how a member gets from what it knows to what is wanted.

    The last message that a client gets must add somebody if any does: libraries make the Welcome from that message
    alone. Where it would not, everything is revoked and appended anew.
    """
    had = {proposal.ref for proposal in known}
    new = [proposal for proposal in wanted if proposal.ref not in had]
    is_gone = bool(had - {proposal.ref for proposal in wanted})
    is_adding = any(proposal.added for proposal in wanted)
    if is_gone or (new and is_adding and not any(proposal.added for proposal in new)):
        return Change(user_id, [each.ref for each in known], [each.message for each in wanted])
    return Change(user_id, [], [each.message for each in new])
