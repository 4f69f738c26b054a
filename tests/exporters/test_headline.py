"""The answer of a report in one sentence, and the caution about CAs that KMS does not trust."""

from dataclasses import replace

import pytest
from support.accounts.healthy import ACCOUNT
from support.reports.exporter_inputs import predicted, report, verdict

from exporters.headline import State, authorities, headline
from probe.model.account import Unavailable
from probe.model.verdicts import Basis, KmsError, Level, Likelihood, Operation, Outcome, Report

MET, ADVICE = verdict(), verdict("advised", Outcome.VIOLATED, level=Level.ADVICE)
WITH_EXTRA_CA = verdict(rests_on_extra_authority=True)
UNKNOWN = verdict("open", Outcome.UNKNOWN)


@pytest.mark.parametrize(
    ("judged", "state", "words"),
    [
        (report(), State.UNDECIDED, "Nothing could be evaluated."),
        (report(UNKNOWN), State.UNDECIDED, "Nothing could be evaluated."),
        (report(MET), State.GOOD, "All evaluated requirements are met."),
        (report(MET, UNKNOWN), State.UNDECIDED, "No problem found, but not everything could be evaluated."),
        (report(MET, ADVICE), State.RISK, "Only advice is violated."),
        (
            report(WITH_EXTRA_CA),
            State.RISK,
            "Without the extra CA, which KMS does not trust, KMS would refuse",
        ),
        (report(WITH_EXTRA_CA, ADVICE, UNKNOWN), State.RISK, "Without the extra CA"),
        (report(WITH_EXTRA_CA, verdict("v", Outcome.VIOLATED)), State.RISK, "there are risks"),
        (report(WITH_EXTRA_CA, errors=(predicted(),)), State.BAD, "KMS would return an error."),
        (report(MET, errors=(predicted(likelihood=Likelihood.POSSIBLE),)), State.GOOD, "All evaluated"),
        (report(MET, errors=(predicted(masked_by="x"),)), State.GOOD, "All evaluated"),
        (report(MET, extra_authorities=("CN=Lab",)), State.GOOD, "All evaluated"),
    ],
    ids=[
        "nothing evaluated",
        "all unknown",
        "met",
        "met and unknown",
        "advice",
        "with an extra CA",
        "with an extra CA, and less",
        "a violation comes before an extra CA",
        "an error comes before an extra CA",
        "a possible error",
        "a hidden error",
        "an extra CA that is not needed",
    ],
)
def test_the_worst_that_is_known_is_the_headline(judged: Report, state: State, words: str) -> None:
    told = headline(judged)
    assert (told.state, words in told.sentence) == (state, True), told


def error(likelihood: Likelihood) -> KmsError:
    return KmsError(operation=Operation.CONNECT, error="X", likelihood=likelihood, basis=Basis.DOCUMENTED)


@pytest.mark.parametrize(
    ("level", "likelihood", "state"),
    [
        (Level.REQUIRED, Likelihood.EXPECTED, State.BAD),
        (Level.REQUIRED, Likelihood.POSSIBLE, State.RISK),
        (Level.RISK, Likelihood.POSSIBLE, State.RISK),
    ],
)
def test_without_predictions_an_expected_error_of_a_violated_requirement_is_the_headline(
    level: Level, likelihood: Likelihood, state: State
) -> None:
    expired = verdict("in-date", Outcome.VIOLATED, level=level, kms_errors=(error(likelihood),))
    assert headline(replace(report(MET, expired), predictions=())).state is state


def test_advice_that_rests_on_an_extra_ca_is_left_out() -> None:
    advice = verdict(rests_on_extra_authority=True, level=Level.ADVICE, step=None)
    assert headline(report(advice)).state is State.GOOD


def test_extra_cas_are_named_and_those_of_a_simulation_count_as_kmss() -> None:
    shown = authorities(report(extra_authorities=("CN=Lab", "CN=\x1b[2JOther")))
    assert shown.startswith("Extra CAs trusted by this agent but not by KMS: CN=Lab, CN=")
    assert "\x1b" not in shown
    simulated = report(extra_authorities=("CN=Lab",), is_simulation=True)
    assert "only this simulation counts as trusted by KMS: CN=Lab" in authorities(simulated)
    assert authorities(report()) == ""


@pytest.mark.parametrize(
    ("calls", "failed", "words"),
    [(4, 4, "could not be read"), (5, 4, "No problem found"), (0, 0, "No problem found")],
)
def test_an_account_of_which_nothing_could_be_read_is_said_first(calls: int, failed: int, words: str) -> None:
    denied = Unavailable(call="kms:DescribeCustomKeyStores", because="not allowed")
    account = replace(ACCOUNT, calls=calls, failed_calls=(denied,) * failed)
    assert words in headline(report(MET, UNKNOWN), account).sentence
    assert headline(report(MET, UNKNOWN, errors=(predicted(),)), account).state is State.BAD
