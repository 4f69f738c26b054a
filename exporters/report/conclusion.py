"""The answer of a report for a terminal: a sentence, and how many requirements have which outcome."""

from rich.text import Text

from exporters import tally
from exporters.headline import State, headline
from probe.model.verdicts import Report

_STYLES = {
    State.GOOD: "bold green",
    State.RISK: "bold yellow",
    State.BAD: "bold red",
    State.UNDECIDED: "bold yellow",
}


def render(report: Report) -> Text:
    told = headline(report)
    return Text.assemble((told.signed, _STYLES[told.state]), (f"\n  {tally.summary(report.verdicts)}", "dim"))
