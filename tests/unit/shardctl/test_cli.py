"""The command line: one clear line for what is wrong, and the exit status that the reference names."""

import os
from pathlib import Path

import pytest

from deploy.services.definition import find_free_port
from shardctl.cli import main
from shardctl.reference import write_reference

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("locate x", "'x' is not"),
        ("locate 0", "0 is not in the range"),
        ("pin x worker-1", "'x' is not a valid int"),
        ("pin 1", "Missing argument 'WORKER'"),
        ("drain", "Missing argument 'NAME'"),
        ("drain w --timeout -1", "-1.0 is not in the range"),
        ("shard", "No such command 'shard'"),
        ("status --colour", "No such option"),
        ("up --controllers 9", "9 is not in the range"),
        ("controller --name a/b", "--name is one word"),
        ("status --config /nowhere.toml", "/nowhere.toml"),
        ("move 1 w --timeout 0", "0 is not in the range"),
        ("up --workers 0", "0 is not in the range"),
        ("drain w --timeout nan", "not a number of seconds"),
        ("move 1 w --timeout inf", "not a number of seconds"),
        ("watch --interval nan", "not a number of seconds"),
        ("top --window nan", "not a number of seconds"),
    ],
)
def test_wrong_input_is_told_in_one_line(line: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(line.split()) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("shardctl: ")
    assert words in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("command", ["status", "workers", "shards", "plan", "drain w", "top", "watch"])
def test_cluster_that_is_away_is_told_in_one_line(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("shardctl.operations.desk._PATIENCE_S", 0.05)
    monkeypatch.setenv("GUILDWAY_REDIS_URL", f"redis://127.0.0.1:{find_free_port()}/0")
    assert main(command.split()) == 1
    out, err = capsys.readouterr()
    assert out.strip() == ""
    told = [line for line in err.splitlines() if line.startswith("shardctl: ")]
    assert told == ["shardctl: the cluster cannot be asked: Redis is not connected"]


def test_every_command_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert "5 refused" in capsys.readouterr().out


def test_shells_complete_commands(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("_SHARDCTL_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "shardctl re")
    monkeypatch.setenv("COMP_CWORD", "1")
    with pytest.raises(SystemExit):
        main([])
    assert capsys.readouterr().out.split() == ["rebalance", "resize"]
    assert os.environ["COMP_CWORD"] == "1"


def test_reference_is_that_of_the_commands() -> None:
    assert (ROOT / "docs" / "shardctl.md").read_text() == write_reference(), "run `python -m shardctl.reference`"


def test_command_line_without_a_command_shows_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "rebalance" in capsys.readouterr().out
