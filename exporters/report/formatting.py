"""Parts that reports for people share: durations, outcomes, tables. Nothing is shown by colour only."""

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from exporters.report import fields
from probe.model.measurements import Failure
from probe.model.text import clean
from probe.model.verdicts import Outcome, Report

MISSING = "–"  # noqa: RUF001 - an en dash, for a cell without a value
SECONDS_PER_DAY = 86_400

OUTCOMES: dict[Outcome, tuple[str, str]] = {
    Outcome.MET: ("met", "green"),
    Outcome.VIOLATED: ("violated", "bold red"),
    Outcome.UNKNOWN: ("unknown", "yellow"),
    Outcome.NOT_APPLICABLE: ("not applicable", "dim"),
}


def authority_lists(report: Report) -> str:
    """Which lists of KMS's CAs a report was made with; "" if it does not say."""
    if not report.authorities_proposed:
        return f"KMS CA list of {report.authorities_as_of}" if report.authorities_as_of else ""
    return f"KMS CA lists of {report.authorities_as_of} and {report.authorities_proposed} (not published)"


def milliseconds(value_s: float | None, unit: str = "") -> str:
    """A duration for people, to the microsecond.

    >>> milliseconds(0.0203941, " ms")
    '20.394 ms'
    """
    return MISSING if value_s is None else f"{value_s * 1e3:.3f}{unit}"


def short(value_s: float | None) -> str:
    """A duration in milliseconds for a table cell; JSON documents have the full precision.

    >>> short(0.0203941)
    '20.39'
    """
    return MISSING if value_s is None else f"{value_s * 1e3:.2f}"


def percent(ratio: float | None) -> str:
    """A ratio as a percentage.

    >>> percent(0.125)
    '12.5 %'
    """
    return MISSING if ratio is None else f"{ratio * 100:.3g} %"


def moment(unix_s: float | None) -> str:
    """A date and time in UTC, to the second.

    >>> moment(0)
    '1970-01-01 00:00:00Z'
    """
    written = fields.time(unix_s)
    return MISSING if written is None else f"{written[:10]} {written[11:19]}Z"


def day(unix_s: float | None) -> str:
    """A date in UTC."""
    return moment(unix_s)[:10]


def days_left(until_s: float | None, now_s: float) -> Text:
    """The remaining validity of a certificate, coloured at the thresholds of the alerts: 10 and 21 days."""
    if until_s is None:
        return Text(MISSING)
    days = (until_s - now_s) / SECONDS_PER_DAY
    if days < 0:
        return Text(f"expired {_days(-days)} ago", style="bold red")
    style = "bold red" if days < 10 else "yellow" if days < 21 else "green"  # noqa: PLR2004 - see docstring
    return Text(f"{_days(days)} left", style=style)


def _days(days: float) -> str:
    whole = int(days)
    return "1 day" if whole == 1 else f"{whole} days"


def outcome(value: Outcome) -> Text:
    """The outcome's word in its colour."""
    word, style = OUTCOMES[value]
    return Text(word, style=style)


def failure_text(failure: Failure) -> str:
    """What happened, in which phase, and the detail if there is one.

    >>> from probe.model.measurements import Phase, Reason
    >>> failure_text(Failure(phase=Phase.CONNECT, reason=Reason.TIMED_OUT))
    'timed out in connect'
    """
    text = f"{failure.reason.value.replace('_', ' ')} in {failure.phase.value}"
    return f"{text} ({clean(failure.detail)})" if failure.detail else text


def table(*columns: str, numbers: tuple[str, ...] = (), title: str | None = None) -> Table:
    """An empty table in the style of all reports. Columns in ``numbers`` are right-aligned and never cut."""
    made = Table(
        box=SIMPLE_HEAD,
        title=Text(title, style="bold") if title else None,
        title_justify="left",
        header_style="dim",
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for name in columns:
        number = name in numbers
        made.add_column(Text(name), justify="right" if number else "left", no_wrap=number, overflow="fold")
    return made
