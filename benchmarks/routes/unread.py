"""What unread channels cost: acks, and a message that mentions everybody in a guild of 500,000.

One server has one guild, made by `guildway demo --members`, and nobody online. wrk sends plain messages, messages with
@everyone, and acks in turn, so that each round has its own reference. An ack is the durable move of one member's place
to the end of the channel, and 64 members ack at once. Then they mark all as unread from the first message on, while
every mention of the run waits. A mention of everybody is one row, whatever the number of members; its bar is a tenth
over a plain message. What waits is counted up to a bound, so the ratio of a mark to an ack does not grow with the run.
"""

import statistics
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from benchmarks.harness.load.wrk import ACK, CONNECTIONS, SEND, Request, Round, measure
from benchmarks.harness.reports.tables import Column, Result, Table
from benchmarks.harness.run import Run
from benchmarks.harness.servers.product import Product
from benchmarks.harness.worlds.crowd import make_crowd
from core.domain.ids import snowflake_at

_MEMBERS: Final = 500_000
_ROUNDS: Final = 5
_SECONDS: Final = 5
_PLAIN, _EVERYONE, _ACKS = "plain messages", "messages with @everyone", "acks"
_MARKS: Final = "marks as unread"
_REFERENCES: Final = {_EVERYONE: _PLAIN, _ACKS: _PLAIN, _MARKS: _ACKS}
"""What the ratio of each row is to."""
_COLUMNS: Final = [
    Column(key="what", title="what"),
    Column(key="per_second", title="a second"),
    Column(key="p50_ms", title="p50 ms", digits=1),
    Column(key="p99_ms", title="p99 ms", digits=1),
    Column(key="cpu_us", title="CPU µs each"),
    Column(key="cpu_ratio", title="CPU ratio", digits=2),
    Column(key="reference", title="to"),
    Column(key="spread", title="(rounds)"),
]


def run(run: Run) -> Result:
    """Acks, and a mention of everybody beside a plain message."""
    members, rounds, seconds = run.pick((_MEMBERS, _ROUNDS, _SECONDS), (200, 1, 1))
    data = run.make_folder("unread") / "data"
    crowd = make_crowd(data, members, 1 + CONNECTIONS)
    product = Product(data)
    path = f"/api/v10/channels/{crowd.channels['lounge']}/messages"
    plain = Request(product.api, SEND, path, crowd.tokens[0])
    acks = Request(product.api, ACK, path, ",".join(crowd.tokens[1:]))
    began = snowflake_at(round(time.time() * 1000))
    requests = {
        _PLAIN: plain,
        _EVERYONE: msgspec.structs.replace(plain, content="@everyone: the fox"),
        _ACKS: acks,
        _MARKS: msgspec.structs.replace(acks, variables={"BENCH_BODY": '{"manual": true}', "BENCH_FIRST": str(began)}),
    }
    try:
        _measure_round(product, requests, run.pick(2, 1), 0)
        found = [_measure_round(product, requests, seconds, 10 * number) for number in range(1, rounds + 1)]
    finally:
        product.process.stop()
    title = f"{crowd.members:,} members, {CONNECTIONS} connections: median of {rounds} rounds of {seconds} s"
    rows = [_describe(what, found) for what in requests]
    counted = sum(each.count for one in found for each in one.values())
    return Result(name="unread", tables=[Table(title=title, columns=_COLUMNS, rows=rows)], deliveries=counted)


def _measure_round(product: Product, requests: Mapping[str, Request], seconds: int, first: int) -> dict[str, Round]:
    return {
        what: measure(product.process, request, seconds, _find_first(request, first + number))
        for number, (what, request) in enumerate(requests.items())
    }


def _find_first(request: Request, number: int) -> int:
    """Return the first nonce of messages, or the newest id, which people who read have reached."""
    return snowflake_at(round(time.time() * 1000)) if request.method == ACK else number * 1_000_000


def _describe(what: str, rounds: Sequence[Mapping[str, Round]]) -> dict[str, Any]:
    keys = ("per_second", "p50_ms", "p99_ms", "cpu_us")
    row = {key: statistics.median(getattr(one[what], key) for one in rounds) for key in keys}
    if what == _PLAIN:
        return {"what": what, **row}
    reference = _REFERENCES[what]
    ratios = [one[what].cpu_us / one[reference].cpu_us for one in rounds]
    return {
        "what": what,
        **row,
        "cpu_ratio": statistics.median(ratios),
        "reference": reference,
        "spread": f"{min(ratios):.2f}–{max(ratios):.2f}",
    }
