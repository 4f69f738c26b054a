"""The page as HTML. All text in a template is cleaned, then escaped."""

from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any, TypedDict

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from exporters.headline import State, authorities
from exporters.predictions import BASES, CALLS
from exporters.report import aws_metrics
from exporters.report.findings import unknown_title, wrong_title
from exporters.report.formatting import authority_lists
from exporters.report.markup import breakable
from exporters.tally import tallies
from exporters.web import account
from exporters.web.banner import Banner, banners, summary
from exporters.web.certificates import chains
from exporters.web.findings import Finding, by_outcome, wrong
from exporters.web.formatting import minute, utc
from exporters.web.health import LIMIT_MS
from exporters.web.path import sections
from exporters.web.regions import BAR_WIDTH, table
from exporters.web.self_metrics_rows import rows
from exporters.web.snapshot import Refused, Snapshot
from exporters.web.status import MAX_ERRORS
from probe.model.text import clean
from probe.model.verdicts import Operation, Outcome, Report, Verdict

REFRESH_S = 5
_TEXT_LIMIT = 2000
_SYMBOLS = {State.GOOD: "✓", State.RISK: "△", State.BAD: "✗", State.UNDECIDED: "?"}
_OUTCOMES = {
    Outcome.MET: ("✓", "met"),
    Outcome.VIOLATED: ("✗", "violated"),
    Outcome.UNKNOWN: ("?", "unknown"),
    Outcome.NOT_APPLICABLE: ("·", "not applicable"),
}
_OTHER_OPERATIONS = (Operation.CREATE, Operation.UPDATE, Operation.CREATE_KEY)


_Word = tuple[str, str]  # a symbol and its meaning


class Store(TypedDict):
    """One key store: what KMS would return for it, and why."""

    key_store: str
    banner: Banner
    symbol: str
    operations: tuple[tuple[str, str], ...]
    account: tuple[tuple[str, str], ...]
    aws_metrics: tuple[tuple[str, str], ...]
    counts: dict[_Word, str]
    wrong_title: str
    unknown_title: str
    findings: tuple[Finding, ...]
    outcomes: tuple[tuple[_Word, tuple[Verdict, ...]], ...]


def render(snapshot: Snapshot, version: str, *, live: bool = True, has_history: bool = False) -> str:
    """The whole page. ``live``: the browser reloads it every 5 s. ``has_history``: targets have charts."""
    return (
        environment()
        .get_template("page.html")
        .render(
            stores=tuple(_store(report, head, snapshot) for report, head in banners(snapshot.reports)),
            authorities=_once(map(authorities, snapshot.reports)),
            authority_lists=", ".join(_once(map(authority_lists, snapshot.reports))),
            sections=sections(snapshot),
            limit_ms=LIMIT_MS,
            regions=table(snapshot.survey),
            refused=_refused(snapshot.refused),
            bar_width=BAR_WIDTH,
            chains=chains(snapshot),
            self_metrics=rows(snapshot.health),
            taken_at=utc(snapshot.now_s),
            refresh_s=REFRESH_S if live else None,
            version=version,
            has_history=has_history,
            violated_since={key: minute(at_s) for key, at_s in snapshot.violated_since_s.items()},
        )
    )


def _refused(refused: Refused | None) -> tuple[str, tuple[str, ...], int] | None:
    """When a reload failed, the first errors, and how many there are more."""
    if refused is None:
        return None
    shown = refused.errors[:MAX_ERRORS]
    return utc(refused.at_s), shown, len(refused.errors) - len(shown)


def _store(report: Report | None, head: Banner, snapshot: Snapshot) -> Store:
    facts = snapshot.facts_of(report)
    return {
        "key_store": report.key_store if report else "",
        "banner": head,
        "symbol": _SYMBOLS[head.state],
        "operations": tuple((CALLS[o], summary(report, o)) for o in _OTHER_OPERATIONS),
        "account": account.rows(report, facts, snapshot.now_s),
        "aws_metrics": aws_metrics.rows(report) if report else (),
        "counts": {_OUTCOMES[o]: str(tally) for o, tally in tallies(report.verdicts).items()}
        if report
        else {},
        "wrong_title": wrong_title(report.verdicts) if report else "What is wrong",
        "unknown_title": unknown_title(report.verdicts) if report else "",
        "findings": wrong(report),
        "outcomes": tuple((_OUTCOMES[o], verdicts) for o, verdicts in by_outcome(report)),
    }


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name))


@cache
def stylesheet() -> str:
    return (files("exporters.web") / "templates" / "page.css").read_text(encoding="utf-8")


@cache
def environment() -> Environment:
    """The templates; all text in them is cleaned, then escaped."""
    made = Environment(
        loader=PackageLoader("exporters.web"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_clean,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["breakable"] = _breakable
    made.globals |= {"calls": CALLS, "bases": BASES}
    return made


def _clean(value: Any) -> Any:
    """Cleans the value of every template expression; Markup comes only from this package's macros."""
    return clean(value, _TEXT_LIMIT) if isinstance(value, str) and not isinstance(value, Markup) else value


def _breakable(text: str) -> Markup:
    return breakable(clean(text, _TEXT_LIMIT))
