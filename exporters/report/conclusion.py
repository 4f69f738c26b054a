"""The answer of a report for a terminal: a sentence, and how many requirements have which outcome."""

from rich.text import Text

from exporters import tally
from exporters.headline import State, headline
from probe.model.account import Account
from probe.model.verdicts import Report

_STYLES = {
    State.GOOD: "bold green",
    State.RISK: "bold yellow",
    State.BAD: "bold red",
    State.UNDECIDED: "bold yellow",
}


def render(report: Report, account: Account | None = None) -> Text:
    told = headline(report, account)
    return Text.assemble((told.signed, _STYLES[told.state]), (f"\n  {tally.summary(report.verdicts)}", "dim"))
