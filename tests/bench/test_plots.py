import re
from xml.etree import ElementTree as ET

from bench import plots
from bench.readings import Errors
from bench.tables import Cost, CostRow, Results, Row


def row(tool: str, load: str, *errors_us: float) -> Row:
    return Row(
        tool=tool, method="icmp", load=load, found=Errors(errors_us=errors_us, reported=len(errors_us))
    )


def cost(tool: str, *cpu_s: float) -> CostRow:
    runs = [Cost(cpu_s=one, echoes=20_000, lost=0) for one in cpu_s]
    return CostRow(tool=tool, command=tool, condition="stock", runs=runs)


ROWS = [row("xks-probe", "idle", -1.0, 2.0, 3.0), row("a < b", "busy", 150.0), row("silent", "idle")]
COSTS = [cost("xks-probe", 0.4, 0.5, 0.9), cost("fping", 0.6)]


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]  # noqa: S314  # our own


def test_each_tool_with_results_has_a_lane() -> None:
    found = texts(plots.error_plot(ROWS))
    assert "xks-probe · icmp" in found
    assert "a < b · icmp" in found
    assert "silent · icmp" not in found
    assert "2.0 | 3.0" in found


def test_nothing_is_drawn_outside_the_plot() -> None:
    for svg in (plots.error_plot(ROWS), plots.cost_plot(COSTS)):
        width, height = map(float, re.search(r'viewBox="0 0 (\d+) (\d+)"', svg).groups())  # type: ignore[union-attr]
        for axis, value in re.findall(r' c?([xy])[12]?="([-\d.]+)"', svg):
            assert 0 <= float(value) <= (width if axis == "x" else height)


def test_an_error_of_zero_is_drawn_at_the_axis_minimum() -> None:
    assert texts(plots.error_plot([row("xks-probe", "idle", 0.0)]))[-1] == "0.0 | 0.0"


def test_the_bar_of_a_cost_is_its_median() -> None:
    found = texts(plots.cost_plot(COSTS))
    assert {"xks-probe", "25.0", "fping", "30.0"} <= set(found)


def test_only_rows_with_numbers_are_drawn() -> None:
    results = Results(machine="", rows=ROWS, peers=[])
    assert [plot.file for plot in plots.drawn(results)] == ["performance-error.svg"]
    assert plots.drawn(Results(machine="", rows=[], peers=[])) == []


def test_both_plots_support_dark_pages() -> None:
    assert all(
        "prefers-color-scheme: dark" in svg for svg in (plots.error_plot(ROWS), plots.cost_plot(COSTS))
    )
