"""All checks of a finished run."""

from tests.simulation.checks.database_reading import Rows
from tests.simulation.checks.dispatch_check import LogIndex, SessionCheck
from tests.simulation.checks.message_check import check_messages
from tests.simulation.checks.rights_check import RightsCheck
from tests.simulation.checks.state_check import check_answers, check_log_against_rows, check_session
from tests.simulation.checks.timeline import Timeline
from tests.simulation.clients.ledger import Deed, Ledger, SessionRecord
from tests.simulation.world.server import CLOCK_MS


def find_violations(
    *,
    ledger: Ledger,
    before: Rows,
    after: Rows,
    live: list[SessionRecord],
    last_reads: list[Deed],
    user_ids: list[int],
    late_ms: int = CLOCK_MS,
) -> list[str]:
    """Return what is wrong.

    `before` are the rows when the work began, `after` those of the end; `live` are the sessions that were connected at
    the end, and `last_reads` what was asked when all was quiet. `late_ms` as in `RightsCheck`.
    """
    violations: list[str] = []
    newest = max((entry.position for entry in before.log), default=0)
    timeline = Timeline(baseline=before.guilds, after=newest, log=after.log, user_ids=user_ids)
    check_messages(ledger, after, violations)
    RightsCheck(ledger, timeline, violations, committed_ms=after.committed_ms, late_ms=late_ms).run()
    index = LogIndex(timeline)
    for record in ledger.sessions:
        is_live = any(record is each for each in live)
        SessionCheck(record, index, violations).run(is_live=is_live)
        if is_live:
            check_session(record, after, violations)
    check_log_against_rows(after, timeline, violations)
    check_answers(last_reads, after, violations)
    return violations
