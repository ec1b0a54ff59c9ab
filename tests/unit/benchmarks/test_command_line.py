"""The command line of the benchmarks."""

import pytest

from benchmarks.__main__ import BENCHMARKS, main


def test_help_lists_every_benchmark_with_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    told = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.partition("names:\n")[2].splitlines())
    assert list(told) == [*BENCHMARKS, "report"]
    assert all(sentence.endswith(".") for sentence in told.values())


def test_name_that_is_no_benchmark_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["speed"])
    assert ended.value.code != 0
    assert "speed" in capsys.readouterr().err
