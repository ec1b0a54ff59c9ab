"""The report as a page of HTML and as lines for a terminal. Locust's own page, with charts, is beside it."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from loadtest.measures.goals import Verdict
from loadtest.reports.report import Report

CHARTS: Final = "charts.html"
"""The file of locust's page."""

_STYLE: Final = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1c1c1e; }
table { border-collapse: collapse; width: 100%; margin: 0.5rem 0 2rem; }
th, td { text-align: right; padding: 0.3rem 0.6rem; border-bottom: 1px solid #ddd; }
th:first-child, td:first-child { text-align: left; }
.passed { color: #17692f; } .failed { color: #a3161f; } .undecided { color: #8a5a00; }
"""

_MEASURES: Final = ("measure", "count", "errors", "p50 ms", "p90 ms", "p95 ms", "p99 ms", "max ms", "per s")

_VERDICTS: Final = {
    Verdict.PASSED: "no errors, and all goals that were measured are met",
    Verdict.FAILED: "there were errors, goals were missed, or nothing was measured",
    Verdict.UNDECIDED: "goals were missed, but the generator was the bottleneck: the figures are its own",
}


def describe_generator(report: Report) -> str:
    """Say in a sentence how the generator was."""
    watched = report.generator
    delivered = sum(row.per_second for row in report.rows if row.name in ("delivered", "presence", "caught up"))
    sentence = (
        f"The generator was late by {watched.late_p99_ms:.0f} ms at the 99th percentile, took {watched.busy:.0%} of a "
        f"core, and heard {delivered:,.0f} of the {report.limit_per_second:,.0f} events a second that a core can take."
    )
    if watched.is_bottleneck:
        sentence += " It was the bottleneck: use more processes (--processes), another machine, or fewer users."
    return sentence


def describe_sound(report: Report) -> str:
    """Say in a sentence what became of voice; "" of a run without."""
    sound = report.sound
    if not sound.sent and not sound.received:
        return ""
    return (
        f"Of the frames of voice {sound.sent:,} were sent and {sound.received:,} heard; {sound.lost:,} were lost on "
        f"the way to a listener ({sound.loss:.3%}), and {sound.repeated:,} came twice."
    )


def describe_run(report: Report) -> list[str]:
    """Return the lines for a terminal."""
    lines = [
        f"{judged.goal.measure:10} p50 {judged.measured.p50_ms:6.0f} of {judged.goal.p50_ms:4.0f} ms   "
        f"p99 {judged.measured.p99_ms:6.0f} of {judged.goal.p99_ms:4.0f} ms   {'met' if judged.is_met else 'MISSED'}"
        for judged in report.judged
    ]
    lines += [f"{fault.count} × {fault.name}: {fault.error}" for fault in report.faults]
    lines += filter(None, [describe_sound(report), describe_generator(report)])
    lines.append(f"{report.verdict.name.lower()}: {_VERDICTS[report.verdict]}")
    return lines


def make_page(report: Report) -> str:
    """Return the page."""
    word = report.verdict.name.lower()
    goals = [
        (
            f"{judged.goal.measure}: {judged.goal.about}",
            judged.measured.p50_ms,
            judged.goal.p50_ms,
            judged.measured.p99_ms,
            judged.goal.p99_ms,
            "met" if judged.is_met else "missed",
        )
        for judged in report.judged
    ]
    rows = [
        (row.name, row.count, row.errors, row.p50_ms, row.p90_ms, row.p95_ms, row.p99_ms, row.max_ms, row.per_second)
        for row in report.rows
    ]
    faults = [(fault.error, fault.name, fault.count) for fault in report.faults]
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Load test: {escape(report.scenario)}</title>
<style>{_STYLE}</style></head><body>
<h1>Load test: {escape(report.scenario)}</h1>
<p>{escape(report.about)}. {report.users} users for {report.seconds:.0f} s at {escape(report.api)}.</p>
<p class="{word}"><strong>{word}</strong>: {_VERDICTS[report.verdict]}</p>
<p>{escape(describe_generator(report))}</p>
<p>{escape(describe_sound(report))}</p>
<h2>Goals</h2>{_table(("measure", "p50 ms", "goal", "p99 ms", "goal", ""), goals)}
<h2>Measures</h2>{_table(_MEASURES, rows)}
<h2>Errors</h2>{_table(("error", "measure", "count"), faults) if faults else "<p>None.</p>"}
<p><a href="{CHARTS}">Charts over time</a></p>
</body></html>
"""


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    def line(tag: str, cells: Sequence[object]) -> str:
        return "<tr>" + "".join(f"<{tag}>{escape(str(cell))}</{tag}>" for cell in cells) + "</tr>"

    return f"<table>{line('th', head)}{''.join(line('td', row) for row in rows)}</table>"
