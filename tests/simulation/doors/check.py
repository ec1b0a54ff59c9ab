"""The check of the doors: rows, logs and answers agree, and all processes have heard the same in one order.

A Redis that comes back without its last moments has forgotten nonces and openings, and positions may be given anew. Then
two things still hold: what was acknowledged is stored, and what was told is stored. What a message's own process would
have told again is lost if it dies as well; sessions are told op 9 for a new generation, and read the channel anew.

A message that somebody wanted to delete is deleted or not, as long as nobody was answered; its event says which.
"""

from collections import Counter
from typing import Final

from core.bus.positions import generation_of
from core.domain.events import MESSAGE_CREATE, MESSAGE_DELETE, MESSAGE_DELETE_BULK
from core.domain.messages.message import Message
from tests.simulation.doors.message_events import CHANNELS
from tests.simulation.doors.processes import Heard
from tests.simulation.doors.run import DoorsRun

_DELETIONS: Final = (MESSAGE_DELETE, MESSAGE_DELETE_BULK)


def find_violations(run: DoorsRun) -> list[str]:
    """Return what is wrong."""
    violations: list[str] = []
    stored = {message.id: message for message in run.rows._stored()}
    heard = {each for process in run.processes for each in process.heard}
    log = sorted(heard, key=lambda each: (each.shard, each.position))
    taken_back = _list_taken_back(run)
    told = {each.envelope_id for each in log if each.event == MESSAGE_CREATE and each not in taken_back}
    gone = {message_id for each in log if each.event in _DELETIONS for message_id in each.message_ids}
    if run.has_lost_data:
        gone |= run.ledger.unwanted
    acknowledged = {message_id: sent.nonce for sent in run.ledger.sent for message_id in sent.ids}
    violations += [f"message {each} is told and not stored" for each in sorted(told - stored.keys() - gone)]
    violations += [
        f"message {each} ({nonce}) was acknowledged and is not stored"
        for each, nonce in acknowledged.items()
        if each not in stored and each not in gone
    ]
    _check_changes(run, stored, violations)
    if not run.has_lost_data:
        _check_all_told(log, stored, violations)
        _check_last_events(log, stored, run.ledger.deleted, violations)
        _check_nonces(run, stored, violations)
        _check_logs(log, violations)
        _check_tails(run, log, violations)
    return violations


def _list_taken_back(run: DoorsRun) -> set[Heard]:
    """Return what was heard and is in no log any more, as all who heard it were told.

    A publication may reach some processes in the moment in which Redis forgets its entry. A worker that has heard it
    puts it back.
    """
    workers = {each for process in run.processes if process.name.startswith("worker") for each in process.heard}
    kept = {
        each
        for process in run.processes
        for each in process.heard
        if not any(shard == each.shard and each.position <= position for shard, position in process.skipped)
    }
    return {each for process in run.processes for each in process.heard} - workers - kept


def _check_changes(run: DoorsRun, stored: dict[int, Message], violations: list[str]) -> None:
    """What was answered to those who edit and delete is so."""
    ledger = run.ledger
    violations += [f"message {each} was deleted and is stored" for each in sorted(ledger.deleted & stored.keys())]
    violations += [
        f"message {each} was answered to be unknown, and nobody has deleted it"
        for each in sorted(ledger.missing - ledger.unwanted)
    ]
    for edit in ledger.edited:
        message = stored.get(edit.message_id)
        if message is not None and message.version < edit.version:
            violations.append(f"message {message.id} has lost its version {edit.version}")
        if message is not None and message.version == edit.version and message.content != edit.content:
            violations.append(f"message {message.id} has not the content of its version {edit.version}")


def _check_all_told(log: list[Heard], stored: dict[int, Message], violations: list[str]) -> None:
    """What is stored is told to everybody whom it concerns."""
    told = {(each.owner_id, each.envelope_id) for each in log if each.event == MESSAGE_CREATE}
    violations += [
        f"message {message.id} is stored and in no log of {owner_id}"
        for message in stored.values()
        for owner_id in ([message.guild_id] if message.guild_id else CHANNELS[message.channel_id].recipient_ids)
        if (owner_id, message.id) not in told
    ]


def _check_last_events(log: list[Heard], stored: dict[int, Message], deleted: set[int], violations: list[str]) -> None:
    """The last event about a message shows what is stored, in a log that has never begun anew.

    In a new generation each process tells again what it has told last, and the events of two of them may change places.
    The deletion of a process that has died is told at its first opening, and an edit that it has overtaken may be told
    after it, which changes nothing. One that was answered is told last.
    """
    generations = {(each.shard, generation_of(each.position)) for each in log}
    begun = Counter(shard for shard, _ in generations)
    kept = [each for each in log if begun[each.shard] == 1]
    last = {(each.owner_id, message_id): each for each in kept for message_id in each.message_ids}
    gone = {(each.owner_id, each_id) for each in kept if each.event in _DELETIONS for each_id in each.message_ids}
    for (owner_id, message_id), each in last.items():
        message = stored.get(message_id)
        if message is None and (owner_id, message_id) in gone and message_id not in deleted:
            continue
        if (message is None) != (each.event in _DELETIONS):
            state = "gone" if message is None else "stored"
            violations.append(f"message {message_id} is {state}, and {owner_id} was told {each.event} last")
        elif message is not None and message.content != each.content:
            violations.append(f"message {message_id} has another content than {owner_id} was told last")


def _check_nonces(run: DoorsRun, stored: dict[int, Message], violations: list[str]) -> None:
    nonces = Counter((message.author_id, message.channel_id, message.nonce) for message in stored.values())
    for sent in run.ledger.sent:
        if len(sent.ids) > 1:
            violations.append(f"nonce {sent.nonce} was answered with {sorted(sent.ids)}")
        if nonces[sent.author_id, sent.channel_id, sent.nonce] > 1:
            violations.append(f"nonce {sent.nonce} is stored twice")


def _check_logs(log: list[Heard], violations: list[str]) -> None:
    """A position has one entry, a generation tells a message once, and ids rise along each channel."""
    places = Counter((each.shard, each.position) for each in log)
    violations += [f"position {place[1]} has {count} entries" for place, count in places.items() if count > 1]
    created = [each for each in log if each.event == MESSAGE_CREATE]
    tellings = Counter((each.envelope_id, each.owner_id, generation_of(each.position)) for each in created)
    violations += [f"message {key[0]} was told {count} times" for key, count in tellings.items() if count > 1]
    newest: dict[tuple[int, int], int] = {}
    seen: set[tuple[int, int]] = set()
    for each in created:
        place, telling = (each.owner_id, each.channel_id), (each.owner_id, each.envelope_id)
        if each.envelope_id < newest.get(place, 0) and telling not in seen:
            violations.append(f"message {each.envelope_id} came after {newest[place]}")
        seen.add(telling)
        newest[place] = max(newest.get(place, 0), each.envelope_id)


def _check_tails(run: DoorsRun, log: list[Heard], violations: list[str]) -> None:
    """A process of the end has heard all since its first entry, in order.

    One that stood still while a log began a new generation was told that it has missed the end of the old one.
    """
    for process in run.alive:
        for shard in {each.shard for each in process.heard}:
            theirs = [each.position for each in process.heard if each.shard == shard]
            if theirs != sorted(set(theirs)):
                violations.append(f"{process.name} has heard shard {shard} out of order, or twice")
            missed = {each.position for each in log if each.shard == shard and each.position >= theirs[0]} - set(theirs)
            told = [position for each, position in process.skipped if each == shard]
            missed = {
                each
                for each in missed
                if not any(generation_of(each) == generation_of(after) and each > after for after in told)
            }
            if missed:
                violations.append(f"{process.name} has not heard {sorted(missed)[:3]} of shard {shard}")
