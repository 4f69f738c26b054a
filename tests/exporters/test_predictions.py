"""The text about the errors that a KMS call would return."""

from dataclasses import replace

import pytest
from support.reports.exporter_inputs import predicted, report, verdict

from exporters.predictions import alternatives, causes, evaluates_aws, hidden, returned, without_error
from probe.model.verdicts import Basis, KmsStep, Level, Operation, Outcome, Prediction, Verdict

AWS = verdict("endpoint-service-exists", step=KmsStep.SERVICE)
UNKNOWN = verdict(outcome=Outcome.UNKNOWN)
DECIDED = Prediction(operation=Operation.CONNECT, decided=True)
UNDECIDED = replace(DECIDED, decided=False)
OPEN = replace(UNDECIDED, unknown_requirements=("authority-is-trusted-by-kms",))
WITH_EXTRA_CA = replace(UNDECIDED, rests_on_extra_authority=True)


@pytest.mark.parametrize(
    ("operation", "prediction", "verdicts", "outcome", "text"),
    [
        (Operation.CONNECT, DECIDED, (AWS,), Outcome.MET, "no error expected"),
        (
            *(Operation.CONNECT, DECIDED, (verdict(),), Outcome.MET),
            "no error expected; the AWS account was not evaluated",
        ),
        (
            *(Operation.CREATE, DECIDED, (verdict(),), Outcome.NOT_APPLICABLE),
            "not evaluated by the agent (use preflight)",
        ),
        (Operation.CREATE, DECIDED, (AWS,), Outcome.MET, "no error expected"),
        (Operation.CONNECT, None, (UNKNOWN,), Outcome.NOT_APPLICABLE, "not evaluated"),
        (Operation.CONNECT, UNDECIDED, (verdict(),), Outcome.NOT_APPLICABLE, "not evaluated"),
        (
            *(Operation.CONNECT, OPEN, (UNKNOWN, replace(UNKNOWN, subject="b")), Outcome.UNKNOWN),
            "undecided: required information is missing (authority-is-trusted-by-kms)",
        ),
        (
            *(Operation.CONNECT, WITH_EXTRA_CA, (verdict(),), Outcome.UNKNOWN),
            "undecided: KMS does not trust the CA of this certificate, only this agent does",
        ),
        (
            *(Operation.CONNECT, replace(OPEN, rests_on_extra_authority=True), (UNKNOWN,), Outcome.UNKNOWN),
            "undecided: required information is missing (authority-is-trusted-by-kms)",
        ),
    ],
    ids=[
        "with AWS",
        "without AWS",
        "create without AWS",
        "create",
        "no prediction",
        "no rules",
        "undecided",
        "with an extra CA",
        "with an extra CA, and unknown elsewhere",
    ],
)
def test_a_call_without_a_predicted_error(
    operation: Operation,
    prediction: Prediction | None,
    verdicts: tuple[Verdict, ...],
    outcome: Outcome,
    text: str,
) -> None:
    assert without_error(operation, prediction, verdicts) == (outcome, text)


def test_an_undecided_call_names_two_unknown_requirements_and_counts_the_rest() -> None:
    verdicts = [replace(UNKNOWN, requirement=f"r-{n}") for n in range(4)]
    others = [
        replace(UNKNOWN, requirement="advice", level=Level.ADVICE),
        replace(UNKNOWN, requirement="hidden by an earlier error"),
    ]
    undecided = replace(UNDECIDED, unknown_requirements=tuple(each.requirement for each in verdicts))
    _, text = without_error(Operation.CONNECT, undecided, [*others, *verdicts])
    assert text == "undecided: required information is missing (r-0, r-1 and 2 more)"


def test_the_aws_account_is_evaluated_if_any_verdict_is_about_it() -> None:
    assert evaluates_aws([verdict(), AWS])
    assert not evaluates_aws([verdict()])


def test_errors_that_an_earlier_error_hides_are_separate() -> None:
    later = predicted("XKS_PROXY_TIMED_OUT", masked_by="authority-is-trusted-by-kms")
    (prediction,) = report(errors=(predicted(), later)).predictions
    assert [error.error for error in returned(prediction)] == ["XKS_PROXY_INVALID_TLS_CONFIGURATION"]
    assert hidden(prediction) == ["XKS_PROXY_TIMED_OUT"]
    assert returned(None) == hidden(None) == []


@pytest.mark.parametrize(
    ("outcomes", "text"),
    [
        ((Outcome.VIOLATED,), "violated: authority-is-trusted-by-kms"),
        ((Outcome.MET, Outcome.VIOLATED), "violated: authority-is-trusted-by-kms"),
        ((Outcome.UNKNOWN,), "unknown: authority-is-trusted-by-kms"),
        ((Outcome.MET,), "met, but close to a limit: authority-is-trusted-by-kms"),
        ((), "authority-is-trusted-by-kms"),
    ],
)
def test_the_cause_of_an_error_shows_whether_its_requirement_is_violated(
    outcomes: tuple[Outcome, ...], text: str
) -> None:
    assert causes(predicted(), [verdict(outcome=outcome) for outcome in outcomes]) == text


def test_an_error_without_requirements_has_no_cause() -> None:
    assert causes(predicted(requirements=()), [verdict()]) == ""


def test_the_basis_comes_before_the_other_names_of_an_error() -> None:
    error = predicted(basis=Basis.CONFLICTING, alternatives=("XKS_PROXY_NOT_REACHABLE",))
    assert alternatives(error) == "AWS documentation is inconsistent; or XKS_PROXY_NOT_REACHABLE"
