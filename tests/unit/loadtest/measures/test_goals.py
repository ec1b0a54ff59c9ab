"""The verdict on a run."""

import pytest

from loadtest.measures.goals import GOALS, Measured, Verdict, judge_goals, judge_run

GOOD = {goal.measure: Measured(9, goal.p50_ms, goal.p99_ms) for goal in GOALS}


@pytest.mark.parametrize("measure", list(GOOD))
@pytest.mark.parametrize(("p50_more", "p99_more"), [(1, 0), (0, 1)])
def test_judge_run_one_percentile_above_its_goal_fails(measure: str, p50_more: int, p99_more: int) -> None:
    good = GOOD[measure]
    measured = {**GOOD, measure: Measured(9, good.p50_ms + p50_more, good.p99_ms + p99_more)}
    judged = judge_goals(measured)
    assert judge_run(judged, errors=0, is_generator_the_bottleneck=False) is Verdict.FAILED
    assert judge_run(judged, errors=0, is_generator_the_bottleneck=True) is Verdict.UNDECIDED
    assert [each.goal.measure for each in judged if not each.is_met] == [measure]


@pytest.mark.parametrize("is_bottleneck", [True, False])
def test_judge_run_goals_met_passes_unless_there_were_errors(is_bottleneck: bool) -> None:
    judged = judge_goals(GOOD)
    assert judge_run(judged, errors=0, is_generator_the_bottleneck=is_bottleneck) is Verdict.PASSED
    assert judge_run(judged, errors=1, is_generator_the_bottleneck=is_bottleneck) is Verdict.FAILED


def test_judge_run_nothing_measured_fails() -> None:
    assert (
        judge_run(judge_goals({"login": Measured(9, 1, 1)}), errors=0, is_generator_the_bottleneck=False)
        is Verdict.FAILED
    )
