"""The check of messages: what was acknowledged is stored once, and has its place in the log.

A sender that got no answer knows nothing: its message may be stored or not. Whoever got one knows, and holds the server
to it.
"""

from collections import Counter
from itertools import groupby

from core.domain.events import MESSAGE_CREATE, MESSAGE_DELETE, MESSAGE_DELETE_BULK
from tests.simulation.checks.database_reading import Rows
from tests.simulation.clients.ledger import Deed, Edit, Ledger, Send

_REFUSALS = frozenset({400, 401, 403, 404, 405, 429})
"""Answers that say that nothing was done."""


def check_messages(ledger: Ledger, rows: Rows, violations: list[str]) -> None:
    """Append what is wrong."""
    check_acknowledged(ledger, rows, violations)
    logged = _count_logged(rows)
    violations.extend(
        f"nonce {send.nonce} was answered with several messages: {sorted(send.ids)}"
        for send in ledger.sends
        if len(send.ids) > 1
    )
    _check_nonces(rows, violations)
    _check_rows(ledger, rows, logged, violations)
    _check_order(rows, violations)


def check_acknowledged(ledger: Ledger, rows: Rows, violations: list[str]) -> None:
    """Check what senders were answered, apart from the nonces."""
    logged = _count_logged(rows)
    edits = _edits_by_message(ledger)
    dropped = _dropped_channels(ledger)
    for send in ledger.sends:
        for message_id in send.ids:
            _check_send(send, message_id, rows, logged, edits.get(message_id, []), dropped, violations)


def _count_logged(rows: Rows) -> Counter[tuple[int, int]]:
    """Count MESSAGE_CREATE in the log, keyed by message and owner."""
    return Counter(
        (entry.envelope.id, entry.envelope.owner_id) for entry in rows.log if entry.envelope.event == MESSAGE_CREATE
    )


def _edits_by_message(ledger: Ledger) -> dict[int, list[Edit]]:
    by_message: dict[int, list[Edit]] = {}
    for edit in ledger.edits:
        by_message.setdefault(edit.message_id, []).append(edit)
    return by_message


def may_have_happened(deed: Deed) -> bool:
    """Whether the server did not clearly refuse."""
    return deed.answer is None or deed.answer.status not in _REFUSALS


def _dropped_channels(ledger: Ledger) -> set[int]:
    return {
        int(deed.request.path.split("/")[2])
        for deed in ledger.deeds
        if deed.request.method == "DELETE" and deed.request.path.count("/") == 2 and may_have_happened(deed)
        if deed.request.path.startswith("/channels/")
    }


def _check_send(
    send: Send,
    message_id: int,
    rows: Rows,
    logged: Counter[tuple[int, int]],
    edits: list[Edit],
    dropped: set[int],
    violations: list[str],
) -> None:
    if not any(key[0] == message_id for key in logged):
        violations.append(f"message {message_id} ({send.content}) was acknowledged and is in no log")
    may_be_gone = send.channel_id in dropped or any(
        edit.content is None and may_have_happened(edit.deed) for edit in edits
    )
    row = rows.messages.get(message_id)
    if row is None:
        if not may_be_gone:
            violations.append(f"message {message_id} ({send.content}) was acknowledged and is not stored")
        return
    if any(edit.content is None and edit.deed.is_acknowledged for edit in edits):
        violations.append(f"message {message_id} was deleted and is stored")
    if row.content not in _possible_contents(send, edits):
        violations.append(f"message {message_id} holds {row.content!r}")


def _possible_contents(send: Send, edits: list[Edit]) -> set[str]:
    """Return what the message may hold: the last acknowledged edit, or one whose fate is unknown.

    A message's edits come from its author, one after the other. One that was not answered may still take effect late.
    """
    contents = {send.content}
    for edit in edits:
        if edit.content is None:
            continue
        if edit.deed.is_acknowledged:
            contents = {edit.content} | {each.content for each in edits if each.content and each.deed.answer is None}
        elif may_have_happened(edit.deed):
            contents.add(edit.content)
    return contents


def _check_nonces(rows: Rows, violations: list[str]) -> None:
    keys = Counter((row.author_id, row.channel_id, row.nonce) for row in rows.messages.values() if row.nonce)
    violations.extend(f"nonce {key[2]} is stored {count} times" for key, count in keys.items() if count > 1)


def _check_rows(ledger: Ledger, rows: Rows, logged: Counter[tuple[int, int]], violations: list[str]) -> None:
    asked = {(send.user_id, send.channel_id, send.nonce) for send in ledger.sends}
    told = {message_id for message_id, _ in logged}
    for row in rows.messages.values():
        if row.nonce and (row.author_id, row.channel_id, row.nonce) not in asked:
            violations.append(f"message {row.id} is stored and nobody has sent it")
        if row.id not in told:
            violations.append(f"message {row.id} ({row.content}) is stored and in no log")
    gone: dict[int, int] = {}
    for entry in rows.log:
        envelope = entry.envelope
        if envelope.event in (MESSAGE_DELETE, MESSAGE_DELETE_BULK):
            gone.update(dict.fromkeys(map(int, entry.d.get("ids") or [entry.d["id"]]), entry.position))
        elif envelope.event == MESSAGE_CREATE and envelope.id in gone and gone[envelope.id] < entry.position:
            violations.append(f"message {envelope.id} was told again after its deletion")
    violations.extend(f"message {each} is stored and its deletion was told" for each in gone if each in rows.messages)


def _check_order(rows: Rows, violations: list[str]) -> None:
    """Ids rise along each channel's log, apart from what is told again."""
    created = [entry for entry in rows.log if entry.envelope.event == MESSAGE_CREATE]
    created.sort(key=lambda entry: (entry.envelope.owner_id, entry.envelope.channel_id, entry.position))
    for (_, channel_id), entries in groupby(
        created, lambda entry: (entry.envelope.owner_id, entry.envelope.channel_id)
    ):
        seen: set[int] = set()
        newest = 0
        for entry in entries:
            message_id = entry.envelope.id
            if message_id < newest and message_id not in seen:
                violations.append(f"message {message_id} came after {newest} in channel {channel_id}")
            seen.add(message_id)
            newest = max(newest, message_id)
