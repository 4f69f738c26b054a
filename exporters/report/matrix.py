"""One row per load balancer node and NLB target: its TCP, TLS and health results side by side."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement as Measured
from rich.table import Table
from rich.text import Text

from exporters.checks import is_of_health
from exporters.report.fields import Fields
from probe.model.account import Unavailable, known
from probe.model.evidence import Evidence
from probe.model.kinds import OF_STORE
from probe.model.measurements import HealthDetails, Measurement, TlsDetails
from probe.model.targets import Check, Target
from probe.model.text import clean
from probe.model.verdicts import KmsStep, Level, Outcome, Verdict

_SHOWN = {Outcome.MET: ("✓", "green"), Outcome.VIOLATED: ("✗", "bold red"), Outcome.UNKNOWN: ("?", "yellow")}
_NOT_CHECKED = ("-", "dim")
TITLE = "Load balancer nodes and NLB targets"
_MAX_NAME = 48
_NARROW_WORDS = len("not permitted")
_RESULTS = ("TCP", "TLS", "health", "NLB health check")
_COLUMNS = (
    ("role", "target", "zone", *_RESULTS),
    ("role", "target", *_RESULTS),
    ("target", *_RESULTS),
    ("target", *_RESULTS[:3]),
)
_HEADS = {"role": ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """``outcome`` is NOT_APPLICABLE if not checked. ``duration_s`` is None if there is no measured time."""

    outcome: Outcome = Outcome.NOT_APPLICABLE
    words: str = ""
    duration_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    target: Target
    tcp: Cell
    tls: Cell
    health: Cell
    load_balancer: Cell


def rows(evidence: Evidence, verdicts: tuple[Verdict, ...]) -> tuple[Row, ...]:
    """One row per target of the key store, in the order of the path."""
    latest = {(each.target.name, each.check): each for each in evidence.latest if _counts(each)}
    registered = _registered(evidence)
    stops = sorted(
        (each for each in evidence.targets if each.role in OF_STORE),
        key=lambda each: OF_STORE.index(each.role),
    )
    return tuple(
        Row(
            target=target,
            tcp=_exchange(latest.get((target.name, Check.TCP))),
            tls=_tls(latest.get((target.name, Check.TLS)), target, verdicts),
            health=_health(latest.get((target.name, Check.HEALTH_COLD)), target, verdicts),
            load_balancer=registered.get((target.host, target.port), Cell()),
        )
        for target in stops
    )


def _counts(measurement: Measurement) -> bool:
    return not isinstance(measurement.details, HealthDetails) or is_of_health(measurement)


def _exchange(measurement: Measurement | None) -> Cell:
    if measurement is None:
        return Cell()
    details = measurement.details
    if isinstance(details, HealthDetails) and details.withheld is not None:
        return Cell(outcome=Outcome.UNKNOWN, words="withheld")
    if measurement.failure is not None:
        return Cell(outcome=Outcome.VIOLATED, words=measurement.failure.reason.value.replace("_", " "))
    duration_s = sum(measurement.phases_s.values())
    if isinstance(details, HealthDetails):
        good = details.status == 200 and details.fault is None  # noqa: PLR2004
        words = str(details.status) if details.fault is None else "malformed response"
        return Cell(outcome=Outcome.MET if good else Outcome.VIOLATED, words=words, duration_s=duration_s)
    return Cell(outcome=Outcome.MET, duration_s=duration_s)


def _health(measurement: Measurement | None, target: Target, verdicts: tuple[Verdict, ...]) -> Cell:
    """The latest health exchange; a violated requirement on health takes precedence."""
    cell = _exchange(measurement)
    if cell.outcome is not Outcome.MET:
        return cell
    judged = _required(verdicts, target, KmsStep.HEALTH)
    wrong = [v for v in judged if v.outcome is Outcome.VIOLATED]
    return replace(cell, outcome=Outcome.VIOLATED, words=wrong[0].requirement) if wrong else cell


def _required(verdicts: tuple[Verdict, ...], target: Target, step: KmsStep) -> list[Verdict]:
    return [v for v in verdicts if v.subject == target.name and v.step is step and v.level is Level.REQUIRED]


def _tls(measurement: Measurement | None, target: Target, verdicts: tuple[Verdict, ...]) -> Cell:
    """The latest handshake; a violated requirement on TLS takes precedence."""
    if measurement is None:
        return Cell()
    judged = _required(verdicts, target, KmsStep.TLS)
    wrong = [v for v in judged if v.outcome is Outcome.VIOLATED]
    if wrong:
        return Cell(outcome=Outcome.VIOLATED, words=wrong[0].requirement)
    if measurement.failure is not None:
        return Cell(outcome=Outcome.VIOLATED, words=measurement.failure.reason.value.replace("_", " "))
    details = measurement.details
    version = (details.version or "") if isinstance(details, TlsDetails) else ""
    unknown = any(v.outcome is Outcome.UNKNOWN for v in judged)
    return Cell(
        outcome=Outcome.UNKNOWN if unknown else Outcome.MET,
        words=version,
        duration_s=sum(measurement.phases_s.values()),
    )


def _registered(evidence: Evidence) -> Mapping[tuple[str, int], Cell]:
    """The target states that the load balancer's own health checks report."""
    account = evidence.account
    if account is None or isinstance(account.load_balancers, Unavailable):
        return {}
    cells: dict[tuple[str, int], Cell] = {}
    for balancer in account.load_balancers:
        groups = known(balancer.target_groups)
        for group in groups:
            for each in known(group.targets):
                outcome = {"healthy": Outcome.MET, "unhealthy": Outcome.VIOLATED}.get(each.state)
                words = each.state or "not reported"
                cell = Cell(outcome=outcome or Outcome.UNKNOWN, words=words)
                cells[each.id, each.port or group.port or 443] = cell
    return cells


def document(row: Row) -> Fields:
    return {
        "target": clean(row.target.name),
        "role": row.target.role.value,
        "zone": clean(row.target.zone) or None,
        "address": clean(row.target.host),
        "port": row.target.port,
        "tcp": _cell(row.tcp),
        "tls": _cell(row.tls),
        "health": _cell(row.health),
        "load_balancer": _cell(row.load_balancer),
    }


def _cell(cell: Cell) -> Fields | None:
    if cell.outcome is Outcome.NOT_APPLICABLE:
        return None
    return {"outcome": cell.outcome.value, "words": clean(cell.words), "seconds": cell.duration_s}


class MatrixTable:
    """A table for a terminal. Where it is narrow, columns are left out before names are broken."""

    def __init__(self, rows_: tuple[Row, ...]) -> None:
        self._rows = rows_

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        tables = [_table(self._rows, columns, options.max_width) for columns in _COLUMNS]
        yield next((each for each in tables if _fits(each, console, options)), tables[-1])


def render(rows_: tuple[Row, ...]) -> MatrixTable | None:
    """None if there are no targets."""
    return MatrixTable(rows_) if rows_ else None


def _table(rows_: tuple[Row, ...], columns: tuple[str, ...], max_width: int) -> Table:
    table = Table(
        title=TITLE,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    longest = max(len(clean(row.target.name, _MAX_NAME)) for row in rows_)
    for column in columns:
        width = min(longest, max_width // 2) if column == "target" else None
        table.add_column(_HEADS.get(column, column), overflow="fold", min_width=width)
    for row in rows_:
        cells = dict(_cells(row, is_narrow=columns == _COLUMNS[-1]))
        table.add_row(*(cells[column] for column in columns))
    return table


def _fits(table: Table, console: Console, options: ConsoleOptions) -> bool:
    unlimited = options.update(max_width=10_000)
    return Measured.get(console, unlimited, table).maximum <= options.max_width


def _cells(row: Row, *, is_narrow: bool) -> Iterable[tuple[str, Text]]:
    """Where there is least room, requirements are not named: the findings above name them."""
    yield "role", Text(row.target.role.value.replace("_", " "), style="dim")
    yield "target", Text(clean(row.target.name, _MAX_NAME))
    yield "zone", Text(clean(row.target.zone, 24), style="dim")
    yield "TCP", _cell_text(row.tcp, is_narrow=is_narrow)
    yield "TLS", _cell_text(row.tls, is_narrow=is_narrow)
    yield "health", _cell_text(row.health, is_narrow=is_narrow)
    yield "NLB health check", _cell_text(row.load_balancer, is_narrow=is_narrow)


def _cell_text(cell: Cell, *, is_narrow: bool) -> Text:
    sign, style = _SHOWN.get(cell.outcome, _NOT_CHECKED)
    duration = f" {cell.duration_s * 1e3:.1f} ms" if cell.duration_s is not None else ""
    words = "" if is_narrow and len(cell.words) > _NARROW_WORDS else clean(cell.words, 40)
    return Text.assemble((sign, style), duration, f" {words}" if words else "")
