"""The benchmark `voice`: what a media node's packets cost, alone and beside rivals."""

from benchmarks.harness.reports.tables import Result
from benchmarks.harness.run import Run
from benchmarks.voice import against_janus, failover, forwarding, janus_server, under_load

_ROUNDS = 5
_ROUND_S = 4.0


def run(run: Run) -> Result:
    """Packets that a media node passes on to browsers and to clients of Discord's protocol."""
    result = forwarding.measure(run)
    result.tables.append(under_load.measure(run.pick(under_load.Size(), under_load.QUICK)))
    table, skipped = failover.measure(run)
    result.tables.append(table)
    result.skipped += skipped
    if not janus_server.is_installed():
        result.skipped.append("Janus is not installed (Debian: janus)")
        return result
    scenes = run.pick(against_janus.SCENES, against_janus.QUICK_SCENES)
    rounds, seconds = run.pick((_ROUNDS, _ROUND_S), (1, 0.5))
    table = against_janus.compare(scenes, folder=run.make_folder("janus"), rounds=rounds, seconds=seconds)
    result.tables.append(table)
    result.deliveries += sum(row["deliveries"] for row in table.rows)
    return result
