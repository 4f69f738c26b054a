"""Tables in a terminal: columns are left out before names and numbers are broken."""

import io

import pytest
from rich.console import Console
from rich.text import Text

from exporters.report.fitting import FittingTable, shortened

NAME, PLACE, RTT = "ap-southeast-1", "New Zealand", "160.20"
USUAL = ("region", "place", "rtt")


def shown(width: int) -> str:
    table = FittingTable(
        variants=shortened(USUAL, [("place",)]),
        rows=[{"region": Text(NAME), "place": Text(PLACE), "rtt": Text(RTT)}],
        numbers=("rtt",),
        flexible={"place": 7},
    )
    with io.StringIO() as file:
        Console(file=file, width=width, color_system=None).print(table)
        return file.getvalue()


def columns_at(width: int) -> tuple[bool, bool, bool]:
    lines = shown(width)
    return NAME in lines, RTT in lines, "place" in lines


@pytest.mark.parametrize("width", range(24, 60))
def test_names_and_numbers_are_whole_at_every_width_that_holds_them(width: int) -> None:
    has_name, has_number, _ = columns_at(width)
    assert has_name
    assert has_number


def test_every_line_fits() -> None:
    for width in range(8, 60):
        assert max(map(len, shown(width).splitlines())) <= width


def test_a_wide_table_has_all_columns_and_a_narrow_one_fewer() -> None:
    narrowest_with_all = min(width for width in range(24, 60) if columns_at(width)[2])
    assert all(columns_at(width)[2] for width in range(narrowest_with_all, 60))
    assert not any(columns_at(width)[2] for width in range(24, narrowest_with_all))
    assert "Zealand" in shown(narrowest_with_all)


def test_where_nothing_fits_texts_are_broken_rather_than_lost() -> None:
    joined = "".join(line.split()[0] for line in shown(16).splitlines() if line.split())
    assert NAME in joined.replace("─", "")
