"""Tables that leave out columns where a terminal is narrow, before they break a name or a number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement as Width
from rich.table import Table
from rich.text import Text

from exporters.report import formatting

_UNLIMITED = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FittingTable:
    """Rows of cells by column. ``variants`` are the columns to show, from the widest table to the narrowest.

    Only the columns in ``flexible`` are wrapped, to no less than the given width, and names that are longer
    than half of the terminal. If not even the narrowest table fits, its texts are broken.
    """

    variants: Sequence[tuple[str, ...]]
    rows: Sequence[Mapping[str, Text]]
    numbers: tuple[str, ...] = ()
    flexible: Mapping[str, int] = field(default_factory=dict)
    title: str | None = None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        unlimited, width = options.update(max_width=_UNLIMITED), options.max_width
        tables = (self._table(columns, width) for columns in self.variants)
        fitting = (each for each in tables if Width.get(console, unlimited, each).minimum <= width)
        yield next(fitting, None) or self._table(self.variants[-1], 0)

    def _table(self, columns: tuple[str, ...], width: int) -> Table:
        """``width`` is the terminal's; with 0, every column may be wrapped."""
        table = formatting.table(*columns, numbers=self.numbers, title=self.title)
        for name, column in zip(columns, table.columns, strict=True):
            longest = max([cell_len(name), *(_width(row[name]) for row in self.rows)])
            is_whole = name not in self.flexible and (name in self.numbers or longest <= width // 2)
            column.no_wrap = is_whole and width > 0
            if width:
                column.min_width = longest if is_whole else self.flexible.get(name, width // 2)
        for row in self.rows:
            table.add_row(*(row[name] for name in columns))
        return table


def _width(text: Text) -> int:
    return max((cell_len(line) for line in text.plain.splitlines()), default=0)


def shortened(columns: tuple[str, ...], without: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """``columns``, then without the first of the groups ``without``, then without the first two, and so on.

    >>> shortened(("name", "address", "state"), [("address",)])
    [('name', 'address', 'state'), ('name', 'state')]
    """
    removed = [frozenset().union(*without[:count]) for count in range(len(without) + 1)]
    return [tuple(name for name in columns if name not in each) for each in removed]
