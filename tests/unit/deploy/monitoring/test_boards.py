"""Dashboards and rules ask for metrics and labels that there are, and the dashboards' files are up to date."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from deploy.monitoring.boards.all_boards import BOARDS, FOLDER, find_file
from deploy.monitoring.metrics_page import GROUPS, list_metrics
from deploy.monitoring.panels import Board, encode_board
from deploy.monitoring.prometheus_server import HERE, RULES

CHECK = Path(__file__).parents[3] / "support" / "grafana_types" / "check"
METRICS = {each.name: each for group in GROUPS.values() for each in list_metrics(group)}
RULE_TEXT = re.sub(r" action: .*", "", "".join(file.read_text() for file in sorted(RULES.glob("*.yml"))))
RECORDED = set(re.findall(r"- record: (\S+)", RULE_TEXT))
EXPRESSIONS = [query.expression for board in BOARDS for panel in board.panels for query in panel.queries]
TARGET_LABELS = {"job", "instance", "le"}


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_file_of_a_dashboard_is_what_its_panels_make(board: Board) -> None:
    assert find_file(board).read_bytes() == encode_board(board), "run `python -m deploy.monitoring boards`"


@pytest.mark.skipif(not CHECK.exists(), reason="the check with Grafana's types is not built: make go")
def test_grafanas_own_types_read_each_dashboard(tmp_path: Path) -> None:
    files = [find_file(board) for board in BOARDS]
    checked = subprocess.run([CHECK, *files], check=False, capture_output=True, text=True)
    assert (checked.returncode, checked.stdout) == (0, "")
    spoiled = tmp_path / "spoiled.json"
    spoiled.write_text(
        files[0].read_text().replace('"legendFormat"', '"legend"', 1).replace('"calcs": []', '"a": 1', 1)
    )
    checked = subprocess.run([CHECK, spoiled], check=False, capture_output=True, text=True)
    assert checked.returncode == 1
    assert "unexpected field 'legend'" in checked.stdout
    assert "calcs: required field is missing" in checked.stdout


def test_folder_holds_no_other_dashboards() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {find_file(board).name for board in BOARDS}


@pytest.mark.parametrize("text", [*EXPRESSIONS, RULE_TEXT], ids=lambda text: text[:40])
def test_queries_name_metrics_and_labels_that_there_are(text: str) -> None:
    names = set(re.findall(r"\bguildway_\w+", text)) - set(re.findall(r"name: (\w+)", text))
    for name in names:
        base = re.sub(r"_(bucket|sum|count)$", "", name)
        declared = METRICS.get(name) or METRICS[base]
        is_part = name != declared.name
        assert is_part == (declared.kind == "histogram"), name
        for labels in re.findall(rf"{name}\{{([^}}]*(?:\{{channel_id\}}[^}}]*)?)\}}", text):
            asked = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", labels))
            assert asked <= {*declared.labels, *TARGET_LABELS}, name
    assert set(re.findall(r"guildway:[\w:]+", text)) <= RECORDED


def test_panels_have_titles_of_their_own_and_lie_beside_each_other() -> None:
    for board in BOARDS:
        panels = json.loads(encode_board(board))["panels"]
        assert len({panel["title"] for panel in panels}) == len(panels)
        assert len({(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}) == len(panels)
        assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in panels)


def test_shipped_configuration_names_the_rules() -> None:
    named = re.findall(r"- (rules/\S+)", (HERE / "prometheus.yml").read_text())
    assert [Path(HERE / name).exists() for name in named] == [True] * 2
