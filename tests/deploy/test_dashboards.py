"""The dashboard is generated, complete, and uses only existing metrics."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporters.prometheus.definitions import DEFINITIONS, Kind

ROOT = Path(__file__).parents[2]
DASHBOARD = ROOT / "deploy" / "grafana" / "xks-path.json"
HISTOGRAM_SUFFIXES = ("_bucket", "_sum", "_count")
METRIC = re.compile(r"\bxksprobe_[a-z0-9_]+")


def run(*flags: str) -> subprocess.CompletedProcess[str]:
    tool = ROOT / "tools" / "dashboards.py"
    return subprocess.run(
        [sys.executable, tool, *flags], capture_output=True, text=True, timeout=250, check=False
    )


def dashboard() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(DASHBOARD.read_text())
    return loaded


def panels() -> list[dict[str, Any]]:
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def expressions() -> list[str]:
    return [target["expr"] for panel in panels() for target in panel["targets"]]


def known_names() -> set[str]:
    names: set[str] = set()
    for definition in DEFINITIONS:
        full = f"xksprobe_{definition.name}"
        names |= (
            {full + suffix for suffix in HISTOGRAM_SUFFIXES} if definition.kind is Kind.HISTOGRAM else {full}
        )
    return names


def rule_expressions() -> list[str]:
    groups = yaml.safe_load((ROOT / "deploy" / "prometheus" / "rules.yml").read_text())["groups"]
    return [rule["expr"] for group in groups for rule in group["rules"]]


def test_the_dashboard_is_up_to_date() -> None:
    checked = run("--check")
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("expr", [*expressions(), *rule_expressions()])
def test_every_metric_in_a_query_exists(expr: str) -> None:
    recorded = re.sub(r"\b(?:target|role):[a-z0-9_:]+", "", expr)
    assert set(METRIC.findall(recorded)) <= known_names()


@pytest.mark.parametrize("panel", panels(), ids=lambda panel: panel["title"])
def test_a_panel_has_a_description_a_unit_and_the_selected_data_source(panel: dict[str, Any]) -> None:
    assert panel["description"]
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["datasource"] == {"type": "prometheus", "uid": "$datasource"}


def test_every_window_is_grafanas_rate_interval() -> None:
    assert {window for expr in expressions() for window in re.findall(r"\[([^]]+)\]", expr)} == {
        "$__rate_interval"
    }


def test_every_selector_filters_by_the_selected_jobs_and_instances() -> None:
    for expr in expressions():
        selectors = re.findall(r"xksprobe_[a-z_]+(\{[^}]*\})?", expr)
        assert selectors
        for selector in selectors:
            assert 'job=~"$job", instance=~"$instance"' in selector


def test_the_dashboard_has_a_fixed_uid_and_is_not_editable() -> None:
    assert dashboard()["uid"] == "xks-path"
    assert dashboard()["editable"] is False
    assert "id" not in dashboard()


def test_ids_are_unique_and_no_two_panels_overlap() -> None:
    everything = dashboard()["panels"]
    assert len({panel["id"] for panel in everything}) == len(everything)
    cells = [
        (x, y)
        for at in (panel["gridPos"] for panel in everything)
        for x in range(at["x"], at["x"] + at["w"])
        for y in range(at["y"], at["y"] + at["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24


def test_the_listed_queries_have_no_variable_left() -> None:
    listed = [json.loads(line) for line in run("--queries").stdout.splitlines()]
    assert len(listed) == len(expressions())
    assert not [query for query in listed if "$" in query["expr"]]


def test_promtool_accepts_every_query(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("needs promtool (Debian package: prometheus)")
    listed = [json.loads(line)["expr"] for line in run("--queries").stdout.splitlines()]
    rules = [{"record": f"query:{number}", "expr": expr} for number, expr in enumerate(listed)]
    file = tmp_path / "queries.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    checked = subprocess.run(
        [promtool, "check", "rules", file], capture_output=True, text=True, timeout=250, check=False
    )
    assert checked.returncode == 0, checked.stderr
