"""Generates deploy/grafana/xks-path.json from panels.yaml; the file is committed, `make check` compares.

tools/dashboards.py             writes the file
tools/dashboards.py --check     exits with 1 if the file is out of date
tools/dashboards.py --queries   prints one JSON object per line, {"panel", "expr"}, with the variables
                                replaced, so that every query can be run against a Prometheus
"""

import argparse
import itertools
import json
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import yaml

# At import the SDK warns that a newer schema exists, which Grafana before 12 cannot read.
warnings.simplefilter("ignore", DeprecationWarning)

from grafana_foundation_sdk.builders import (  # noqa: E402 - after the filter above
    common,
    dashboard,
    heatmap,
    prometheus,
    stat,
    statetimeline,
    table,
    timeseries,
)
from grafana_foundation_sdk.cog.builder import Builder  # noqa: E402
from grafana_foundation_sdk.cog.encoder import JSONEncoder  # noqa: E402
from grafana_foundation_sdk.models import common as common_models  # noqa: E402
from grafana_foundation_sdk.models import dashboard as models  # noqa: E402
from grafana_foundation_sdk.models.prometheus import PromQueryFormat  # noqa: E402

FOLDER = Path(__file__).resolve().parent.parent / "deploy" / "grafana"
FILE = FOLDER / "xks-path.json"
PANELS = FOLDER / "panels.yaml"
UID = "xks-path"  # links and provisioning depend on it: never change it
SOURCE = common_models.DataSourceRef(type_val="prometheus", uid="$datasource")
AGENT = 'job=~"$job", instance=~"$instance"'
MATCHERS = {"TARGET": f'{AGENT}, target=~"$target"', "AGENT": AGENT}
FILLED_IN = {"$job": ".*", "$instance": ".*", "$target": ".*", "$__rate_interval": "1m"}
COLOURS: dict[str, tuple[tuple[float | None, str], ...]] = {
    "plain": ((None, "green"),),
    "none is good": ((None, "green"), (1, "red")),
    "none is best": ((None, "green"), (1, "orange")),
    "35 ms": ((None, "green"), (0.035, "red")),
    "days left": ((None, "red"), (10, "orange"), (21, "green")),
    "share answered": ((None, "red"), (0.1, "orange"), (0.99, "green")),
}


class Kind(Enum):
    STAT = "stat"
    TABLE = "table"
    LINES = "lines"
    STACK = "stack"
    HEATMAP = "heatmap"
    STATES = "states"


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """``queries`` are pairs of PromQL and legend; ``size`` is width (of 24) and height."""

    kind: Kind
    title: str
    description: str
    queries: tuple[tuple[str, str], ...]
    unit: str
    colours: str
    size: tuple[int, int]


# Labels and values that are the same in every row of a table.
HIDDEN_COLUMNS = ("Time", "__name__", "job", "instance")


def main() -> int:
    """Write, compare, or list the queries."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--queries", action="store_true")
    arguments = parser.parse_args()
    if arguments.queries:
        for panel, expr in queries():
            print(json.dumps({"panel": panel, "expr": expr}))
        return 0
    made = json.dumps(_dashboard().build(), cls=JSONEncoder, indent=2, sort_keys=True) + "\n"
    if arguments.check:
        if FILE.exists() and FILE.read_text(encoding="utf-8") == made:
            return 0
        print(f"{FILE.name} is out of date; run tools/dashboards.py", file=sys.stderr)
        return 1
    FILE.write_text(made, encoding="utf-8")
    return 0


def queries() -> Iterator[tuple[str, str]]:
    """Title and PromQL of every query, with the variables replaced."""
    for _, panels in _rows():
        for panel in panels:
            for expr, _ in panel.queries:
                yield panel.title, _fill_in(expr, FILLED_IN)


def _rows() -> Iterator[tuple[str, tuple[Panel, ...]]]:
    for row in yaml.safe_load(PANELS.read_text(encoding="utf-8")):
        yield row["row"], tuple(_read(panel) for panel in row["panels"])


def _read(said: dict[str, Any]) -> Panel:
    width, height = said.get("size", (12, 8))
    return Panel(
        kind=Kind(said["kind"]),
        title=said["title"],
        description=said["description"],
        queries=tuple((_fill_in(q["expr"], MATCHERS), q.get("legend", "")) for q in said["queries"]),
        unit=said.get("unit", "none"),
        colours=said.get("colours", "plain"),
        size=(width, height),
    )


def _fill_in(expr: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        expr = expr.replace(name, value)
    return expr


def _dashboard() -> dashboard.Dashboard:
    made = (
        dashboard.Dashboard("XKS path")
        .uid(UID)
        .description("The path from AWS KMS to an external key manager, as measured by xks-probe.")
        .tags(["xks-probe", "kms"])
        .readonly()
        .time("now-3h", "now")
        .refresh("30s")
        .timezone("utc")
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .with_variable(dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus"))
    )
    for name, query in (
        ("job", "label_values(xksprobe_build_info, job)"),
        ("instance", 'label_values(xksprobe_build_info{job=~"$job"}, instance)'),
        ("target", f"label_values(xksprobe_target_info{{{AGENT}}}, target)"),
    ):
        made.with_variable(_variable(name, query))
    ids = itertools.count(1)
    for title, panels in _rows():
        made.with_row(dashboard.Row(title).id(next(ids)))
        for panel in panels:
            made.with_panel(_panel(panel, next(ids)))
    return made


def _variable(name: str, query: str) -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable(name)
        .label(name.capitalize())
        .query(query)
        .datasource(SOURCE)
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
        .multi(multi=True)
        .include_all(include_all=True)
        .all_value(".*")
    )


def _panel(panel: Panel, panel_id: int) -> Builder[models.Panel]:
    made = _visual(panel.kind)
    made.id(panel_id).title(panel.title).description(panel.description).datasource(SOURCE)
    made.span(panel.size[0]).height(panel.size[1]).unit(panel.unit).no_value("no data")
    steps = [models.Threshold(value=value, color=color) for value, color in COLOURS[panel.colours]]
    made.thresholds(dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps))
    for position, (expr, legend) in enumerate(panel.queries):
        made.with_target(_query(panel.kind, expr, legend, chr(ord("A") + position)))
    return made


Visual = stat.Panel | table.Panel | timeseries.Panel | heatmap.Panel | statetimeline.Panel


def _visual(kind: Kind) -> Visual:
    lines = timeseries.Panel().span_nulls(False).fill_opacity(5)
    match kind:
        case Kind.STAT:
            last = common.ReduceDataOptions().calcs(["lastNotNull"])
            return stat.Panel().reduce_options(last).color_mode(common_models.BigValueColorMode.BACKGROUND)
        case Kind.TABLE:
            excluded = dict.fromkeys(HIDDEN_COLUMNS, True)
            tidy = models.DataTransformerConfig(id_val="organize", options={"excludeByName": excluded})
            return table.Panel().with_transformation(tidy)
        case Kind.LINES:
            line = common.GraphThresholdsStyleConfig().mode(common_models.GraphThresholdsStyleMode.DASHED)
            return lines.thresholds_style(line)
        case Kind.STACK:
            stacked = common.StackingConfig().mode(common_models.StackingMode.NORMAL)
            return lines.stacking(stacked).fill_opacity(30)
        case Kind.HEATMAP:
            return heatmap.Panel()
        case Kind.STATES:
            return statetimeline.Panel().merge_values(merge_values=True)


def _query(kind: Kind, expr: str, legend: str, ref_id: str) -> prometheus.Dataquery:
    query = (
        prometheus.Dataquery().expr(expr).legend_format(legend or "__auto").ref_id(ref_id).datasource(SOURCE)
    )
    match kind:
        case Kind.TABLE:
            return query.instant().format(PromQueryFormat.TABLE)
        case Kind.HEATMAP:
            return query.range().format(PromQueryFormat.HEATMAP)
        case _:
            return query.range()


if __name__ == "__main__":
    sys.exit(main())
