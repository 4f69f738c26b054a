"""The answer of a report in one sentence, the same in every format. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from exporters import tally
from probe.model.account import Account
from probe.model.text import clean
from probe.model.verdicts import Level, Likelihood, Outcome, Report


class State(StrEnum):
    GOOD = "good"
    RISK = "risk"
    BAD = "bad"
    UNDECIDED = "undecided"


SIGNS = {State.GOOD: "✓", State.RISK: "!", State.BAD: "✗", State.UNDECIDED: "?"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    state: State
    sentence: str

    @property
    def signed(self) -> str:
        return f"{SIGNS[self.state]} {self.sentence}"


def headline(report: Report, account: Account | None = None) -> Headline:
    """The worst that is known; violated advice is not a risk, because KMS does not check it.

    Without a problem it says so, unless no part of ``account`` could be read.
    """
    if is_refused(report):
        return Headline(state=State.BAD, sentence="KMS would return an error.")
    violated = {verdict.level for verdict in report.verdicts if verdict.outcome is Outcome.VIOLATED}
    if violated - {Level.ADVICE}:
        return Headline(state=State.RISK, sentence="KMS may be able to connect, but there are risks.")
    if report.rests_on_extra_authority:
        sentence = "Without the extra CA, which KMS does not trust, KMS would refuse the certificate."
        return Headline(state=State.RISK, sentence=sentence)
    if violated:
        rest = ", but not everything could be evaluated" if _is_incomplete(report) else ""
        return Headline(state=State.RISK, sentence=f"Only advice is violated{rest}.")
    return _without_problem(report, account)


def _without_problem(report: Report, account: Account | None) -> Headline:
    if not tally.tallies(report.verdicts)[Outcome.MET].requirements:
        return Headline(state=State.UNDECIDED, sentence="Nothing could be evaluated.")
    if account is not None and account.failed_calls and len(account.failed_calls) >= account.calls:
        sentence = "The AWS account could not be read, so most requirements could not be evaluated."
        return Headline(state=State.UNDECIDED, sentence=sentence)
    if _is_incomplete(report):
        sentence = "No problem found, but not everything could be evaluated."
        return Headline(state=State.UNDECIDED, sentence=sentence)
    return Headline(state=State.GOOD, sentence="All evaluated requirements are met.")


def _is_incomplete(report: Report) -> bool:
    return report.counts()[Outcome.UNKNOWN] > 0 or not report.verdicts


def is_refused(report: Report) -> bool:
    """Whether a KMS call would certainly fail.

    The report on a single server has no predictions; then its verdicts decide.
    """
    if not report.predictions:
        return any(
            error.likelihood is Likelihood.EXPECTED
            for verdict in report.verdicts
            if verdict.outcome is Outcome.VIOLATED and verdict.level is Level.REQUIRED
            for error in verdict.kms_errors
        )
    return any(
        error.likelihood is Likelihood.EXPECTED and error.masked_by is None
        for prediction in report.predictions
        for error in prediction.errors
    )


def authorities(report: Report) -> str:
    """A caution about CAs that are trusted here and not by KMS, or simulated; "" without them."""
    if not report.extra_authorities:
        return ""
    names = ", ".join(clean(name, 128) for name in report.extra_authorities)
    if report.is_simulation:
        return f"Simulated CA, which only this simulation counts as trusted by KMS: {names}"
    return f"Extra CAs trusted by this agent but not by KMS: {names}"
