"""The page as HTML. Every text that a template writes is cleaned, then escaped."""

from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from exporters.web.banner import State, banner, prediction_of, short
from exporters.web.certificates import chains
from exporters.web.findings import by_outcome, wrong
from exporters.web.instrument_rows import rows
from exporters.web.path import sections
from exporters.web.regions import BAR_WIDTH, table
from exporters.web.snapshot import Snapshot
from exporters.web.words import utc
from probe.model.text import clean
from probe.model.verdicts import Operation, Outcome

REFRESH_S = 5
_TEXT_LIMIT = 2000
_SYMBOLS = {State.GOOD: "✓", State.RISK: "△", State.BAD: "✗", State.UNDECIDED: "?"}
_OUTCOMES = {
    Outcome.MET: ("✓", "met"),
    Outcome.VIOLATED: ("✗", "violated"),
    Outcome.UNKNOWN: ("?", "unknown"),
    Outcome.NOT_APPLICABLE: ("·", "not applicable"),
}
_OTHER_OPERATIONS = (
    (Operation.CREATE, "Create"),
    (Operation.UPDATE, "Update"),
    (Operation.CREATE_KEY, "Create key"),
)


def render(snapshot: Snapshot, version: str, *, live: bool = True) -> str:
    """The whole page. ``live``: it asks the browser to come again after 5 s."""
    head = banner(snapshot.report)
    report = snapshot.report
    return (
        _environment()
        .get_template("page.html")
        .render(
            banner=head,
            symbol=_SYMBOLS[head.state],
            operations=tuple((title, short(prediction_of(report, o))) for o, title in _OTHER_OPERATIONS),
            extra_authorities=report.extra_authorities if report else (),
            authorities_as_of=report.authorities_as_of if report else "",
            key_store=report.key_store if report else "",
            counts={_OUTCOMES[o]: n for o, n in report.counts().items()} if report else {},
            findings=wrong(report),
            sections=sections(snapshot),
            regions=table(snapshot.survey),
            bar_width=BAR_WIDTH,
            chains=chains(snapshot),
            outcomes=tuple((_OUTCOMES[o], verdicts) for o, verdicts in by_outcome(report)),
            instrument=rows(snapshot.health),
            taken_at=utc(snapshot.now_s),
            refresh_s=REFRESH_S if live else None,
            version=version,
        )
    )


@cache
def stylesheet() -> str:
    return (files("exporters.web") / "templates" / "page.css").read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("exporters.web"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_clean,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = _breakable
    return environment


def _clean(value: Any) -> Any:
    """All output of expressions comes by here; markup is what our own macros have made."""
    return clean(value, _TEXT_LIMIT) if isinstance(value, str) and not isinstance(value, Markup) else value


def _breakable(text: str) -> Markup:
    """Cleaned and escaped, with places where a narrow screen may break the long names of KMS's errors."""
    return escape(clean(text, _TEXT_LIMIT)).replace("_", Markup("_<wbr>"))
