"""The drawing and table of docs/architecture.md are generated from contracts and imports."""

import re
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path

import grimp
import pytest

from tools import architecture_drawing, architecture_page, import_map
from tools.architecture_drawing import Box, svg

ROOT = Path(__file__).parents[2]
NAMES = ("probe/commands", "probe/agent", "probe/doctor", "probe/model", "exporters/web")
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def found() -> import_map.ImportMap:
    return import_map.read(ROOT)


def test_page_and_drawing_are_up_to_date(found: import_map.ImportMap) -> None:
    page = architecture_page.PAGE.read_text(encoding="utf-8")
    assert architecture_page.with_table(page, found) == page, "run tools/architecture_page.py"
    assert architecture_page.DRAWING.read_text(encoding="utf-8") == architecture_page.drawing(found)


def test_every_folder_of_the_tree_has_a_row_with_its_purpose(found: import_map.ImportMap) -> None:
    rows = list(architecture_page.table(found))
    for top in import_map.TOPS:
        for folder in (ROOT / top).glob("*/__init__.py"):
            name = folder.parent.relative_to(ROOT).as_posix()
            columns = [len(row.split(" | ")) for row in rows if row.startswith(f"| `{name}/` | ")]
            assert columns == [4], f"{name}: in no layer of the import contracts in pyproject.toml"
    assert all(part.purpose for part in found.parts.values())


def test_every_folder_of_probe_has_a_box(found: import_map.ImportMap) -> None:
    drawn = ET.fromstring(architecture_page.drawing(found))  # noqa: S314 - generated
    words = {each.text for each in drawn.iter(f"{SVG}text")}
    assert {folder.parent.name for folder in (ROOT / "probe").glob("*/__init__.py")} <= words
    assert {"simulator", "exporters/web"} <= words


def test_the_imports_of_a_part_include_all_its_modules() -> None:
    graph = grimp.ImportGraph()
    for importer, imported in (
        ("probe.commands.run", "probe.agent.agent"),
        ("probe.commands.run", "exporters.web.app"),
        ("probe.commands.demo", "simulator"),
        ("probe.commands.demo", "probe.commands.run"),
        ("probe.commands", "probe"),
        ("probe.agent.agent", "asyncio"),
        ("probe.doctor", "probe.model.text"),
        ("probe.doctors.one", "probe.model.text"),
    ):
        graph.add_import(importer=importer, imported=imported)
    assert import_map.imports(graph, NAMES) == {
        "probe/commands": {"probe/agent", "exporters/web", "simulator"},
        "probe/agent": {"asyncio"},
        "probe/doctor": {"probe/model"},
        "probe/model": set(),
        "exporters/web": set(),
    }


def test_layers_come_from_the_contract_of_the_package() -> None:
    contracts = [
        {"name": "other", "type": "forbidden"},
        {"containers": ["exporters"], "layers": ["web"]},
        {"containers": ["probe"], "layers": ["commands", "agent | doctor", "model"]},
    ]
    assert import_map.layers_of(contracts, "probe") == (
        ("probe/commands",),
        ("probe/agent", "probe/doctor"),
        ("probe/model",),
    )


@pytest.mark.parametrize(
    ("edges", "left"),
    [
        ({"a": {"b"}, "b": set()}, [("a", "b")]),
        ({"a": {"b", "c"}, "b": {"c"}, "c": set()}, [("a", "b"), ("b", "c")]),
        ({"a": {"b", "d"}, "b": {"c"}, "c": {"d"}, "d": set()}, [("a", "b"), ("b", "c"), ("c", "d")]),
        ({"a": {"b", "c"}, "b": set(), "c": set()}, [("a", "b"), ("a", "c")]),
    ],
    ids=["one", "past one", "past two", "a fork"],
)
def test_an_implied_arrow_is_left_out(edges: dict[str, set[str]], left: list[tuple[str, str]]) -> None:
    assert list(import_map.reduced(edges)) == left


def test_a_page_without_markers_is_not_overwritten(found: import_map.ImportMap) -> None:
    with pytest.raises(ValueError, match="lacks"):
        architecture_page.with_table("# Architecture\n", found)


BOXES = [
    *(
        Box(name=name, row=row, column=1, style="acting")
        for row, name in enumerate(("top", "middle", "bottom"))
    ),
    *(Box(name=f"other-{n}", row=1, column=1, style="pure") for n in range(3)),
]


def test_boxes_do_not_overlap_and_arrows_pass_between_them() -> None:
    rows, lines = architecture_drawing._slots_of(BOXES, [("top", "bottom"), ("top", "middle")])
    across = architecture_drawing._positions(rows, lines)
    assert ("top", "bottom", 1) in rows[1]
    for slots in rows:
        for one, other in pairwise(sorted(slots, key=lambda slot: across[slot])):
            nearest = (architecture_drawing._width(one) + architecture_drawing._width(other)) / 2
            assert across[other] - across[one] >= nearest + 20


def test_an_arrow_goes_down_from_box_to_box() -> None:
    drawn = ET.fromstring(svg(BOXES, [("top", "bottom")], "a & b", {"pure": "x < y"}))  # noqa: S314 - generated
    (arrow,) = (each for each in drawn.iter(f"{SVG}path") if each.get("marker-end"))
    ends = [float(number) for number in re.findall(r"[\d.]+", arrow.attrib["d"])]
    tops = {box.name: 16 + 84 * box.row for box in BOXES}
    assert ends[1] == tops["top"] + 38
    assert ends[-1] == tops["bottom"]


def test_avoidable_crossings_of_arrows_are_avoided() -> None:
    boxes = [Box(name=f"{row}{n}", row=row, column=0, style="pure") for row in (0, 1) for n in range(3)]
    arrows = [("00", "12"), ("01", "11"), ("02", "10")]
    rows, lines = architecture_drawing._slots_of(boxes, arrows)
    ordered = architecture_drawing._ordered(rows, lines, dict.fromkeys((box.name for box in boxes), 0))
    links = [pair for line in lines for pair in pairwise(line)]
    assert architecture_drawing._crossings(rows, links) == 3
    assert architecture_drawing._crossings(ordered, links) == 0
