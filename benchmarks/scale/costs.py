"""What things cost: figures that were measured, each with the place that shows it.

Every figure is of one machine of two cores, and mostly of a busy one (benchmarks/README.md says how they were taken).
A figure whose `row` names a kept result is compared with that result by a test, so that a model of old costs is
noticed.
"""

import msgspec


class Row(msgspec.Struct, kw_only=True, frozen=True):
    """A cell of a kept result: results/<result>.json, the row with these values, and in it the column `key`."""

    result: str
    where: dict[str, str | int]
    key: str


class Cost(msgspec.Struct, kw_only=True, frozen=True):
    """One measured figure."""

    value: float
    unit: str
    what: str
    source: str
    """The document, and the heading in it, that shows the figure."""
    row: Row | None = None


class Costs(msgspec.Struct, kw_only=True, frozen=True):
    """All costs of the model. Those in µs are processor time of one core."""

    delivery: Cost = Cost(
        value=8.13,
        unit="µs",
        what="a dispatch to one session, alone in its turn of the loop, 5,000 sessions",
        source="benchmarks/README.md#fan-out",
        row=Row(result="fanout", where={"sessions": 5000, "form": "json", "k": 1}, key="cpu_us"),
    )
    heartbeat: Cost = Cost(
        value=10.49,
        unit="µs",
        what="a heartbeat and its answer",
        source="benchmarks/README.md#connections",
        row=Row(result="heartbeats", where={"server": "guildway, native"}, key="cpu_us"),
    )
    login: Cost = Cost(
        value=110,
        unit="µs",
        what="an identify with READY and GUILD_CREATE, 10,000 at once",
        source="benchmarks/README.md#connections",
        row=Row(result="storm", where={"sessions": 10000}, key="cpu_us"),
    )
    event: Cost = Cost(
        value=21,
        unit="µs",
        what="an event at a process that follows its shard: a worker's 87 µs a send less ten deliveries of 6.56 µs",
        source="benchmarks/README.md#a-cluster",
    )
    link_sender: Cost = Cost(
        value=1.84,
        unit="µs",
        what="a frame of 1,077 bytes at its sender, 16 in a turn",
        source="benchmarks/README.md#links-between-workers",
        row=Row(result="link", where={"per_turn": 16}, key="sender_us"),
    )
    link_receiver: Cost = Cost(
        value=2.23,
        unit="µs",
        what="the same frame at its receiver",
        source="benchmarks/README.md#links-between-workers",
        row=Row(result="link", where={"per_turn": 16}, key="receiver_us"),
    )
    lone_sender: Cost = Cost(
        value=21.23,
        unit="µs",
        what="a frame that is alone in its turn, at its sender",
        source="benchmarks/README.md#links-between-workers",
        row=Row(result="link", where={"per_turn": 1}, key="sender_us"),
    )
    lone_receiver: Cost = Cost(
        value=8.78,
        unit="µs",
        what="the same frame at its receiver",
        source="benchmarks/README.md#links-between-workers",
        row=Row(result="link", where={"per_turn": 1}, key="receiver_us"),
    )
    link_cut: Cost = Cost(
        value=1.1,
        unit="µs",
        what="cutting a link's words out of an audience, and making its frame, at the home",
        source="benchmarks/README.md#guilds-over-workers",
    )
    api_send: Cost = Cost(
        value=982,
        unit="µs",
        what="a send at the API processes, both of them together: it includes that both follow the log",
        source="benchmarks/README.md#a-cluster",
    )
    api_request: Cost = Cost(
        value=92,
        unit="µs",
        what="another request: a page of 50 of a channel's history, in the embedded server",
        source="benchmarks/README.md#the-way-in",
        row=Row(result="sends", where={"route": "history (50)", "server": "guildway"}, key="cpu_us"),
    )
    api_unit: Cost = Cost(
        value=1200,
        unit="µs",
        what="an ack at the API process: one unit of PostgreSQL, relayed",
        source="docs/adr/0037-read-states-of-a-cluster-are-relational.md",
    )
    redis_send: Cost = Cost(
        value=176,
        unit="µs",
        what="a send at Redis with three followers, `appendfsync always`: gate, open, close, and publishing",
        source="benchmarks/README.md#a-cluster",
        row=Row(result="cluster", where={"process": "redis"}, key="3000"),
    )
    redis_push: Cost = Cost(
        value=15.3,
        unit="µs",
        what="an event to one follower, at Redis",
        source="benchmarks/README.md#logs-in-redis",
    )
    redis_append: Cost = Cost(
        value=17.8,
        unit="µs",
        what="an append with PUBLISH that nobody hears, at Redis",
        source="benchmarks/README.md#logs-in-redis",
    )
    redis_gate: Cost = Cost(
        value=8.7, unit="µs", what="the gate of a request, at Redis", source="benchmarks/README.md#logs-in-redis"
    )
    cassandra_send: Cost = Cost(
        value=1018,
        unit="µs",
        what="a send at Cassandra, one node with one copy",
        source="benchmarks/README.md#a-cluster",
        row=Row(result="cluster", where={"process": "cassandra"}, key="3000"),
    )
    postgres_units: Cost = Cost(
        value=161,
        unit="1/s",
        what="acks a second for a core of PostgreSQL: 322 on two crowded cores that the API shared",
        source="docs/adr/0037-read-states-of-a-cluster-are-relational.md",
    )
    session_memory: Cost = Cost(
        value=3.42,
        unit="KiB",
        what="an idle session among 15,000, without the kernel's buffers",
        source="benchmarks/README.md#connections",
        row=Row(result="memory", where={"transport": "native", "kind": "idle", "count": 15000}, key="kib"),
    )
    frame: Cost = Cost(
        value=690,
        unit="B",
        what="MESSAGE_CREATE in JSON, uncompressed",
        source="benchmarks/README.md#fan-out",
        row=Row(result="fanout", where={"sessions": 5000, "form": "json", "k": 1}, key="frame_bytes"),
    )
    compressed_frame: Cost = Cost(
        value=97,
        unit="B",
        what="the same in a zlib stream, chained",
        source="benchmarks/README.md#fan-out",
    )
    entry: Cost = Cost(value=1100, unit="B", what="an event in a log of Redis", source="docs/operators-guide.md")
    link_frame: Cost = Cost(
        value=1077,
        unit="B",
        what="an event on a link, before the words of its audience",
        source="benchmarks/README.md#links-between-workers",
    )


MEASURED = Costs()
