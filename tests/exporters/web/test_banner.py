"""The banner at the top of the page."""

from support.reports.exporter_inputs import REMEDY, predicted, report, verdict

from exporters.web.banner import State, banner, banners, summary
from probe.model.verdicts import Basis, KmsStep, Level, Likelihood, Operation, Outcome

WITH_EXTRA_CA = verdict(rests_on_extra_authority=True)
CAUSE = verdict(outcome=Outcome.VIOLATED, because="the root is private", remedy=REMEDY)


def test_before_the_first_report_it_is_undecided() -> None:
    assert banner(None).state is State.UNDECIDED
    assert banner(report(predictions=())).state is State.UNDECIDED


def test_a_decided_prediction_without_errors_shows_that_no_problem_was_found() -> None:
    shown = banner(report(verdict()))
    assert (shown.state, shown.headline) == (State.GOOD, "No problem found on the network or in TLS")
    assert "AWS account" in shown.because, "the agent does not evaluate the AWS account"


def test_with_health_checks_the_responses_of_the_proxy_are_evaluated_too() -> None:
    health = verdict("credential-is-accepted", step=KmsStep.HEALTH)
    shown = banner(report(verdict(), health))
    assert shown.headline == "No problem found on the network, in TLS or in the proxy's responses"
    assert shown.because == "not evaluated: the AWS account"
    extra = banner(report(WITH_EXTRA_CA, health, decided=False))
    assert extra.notes == ("not evaluated: the AWS account",)


def test_if_everything_is_evaluated_nothing_is_listed_as_missing() -> None:
    verdicts = (verdict(step=step) for step in (KmsStep.HEALTH, KmsStep.CONFIGURATION))
    shown = banner(report(*verdicts))
    assert shown.headline == "No problem found in AWS, on the network, in TLS or in the proxy's responses"
    assert shown.because == ""


def test_with_an_extra_ca_the_banner_never_implies_that_kms_would_connect() -> None:
    shown = banner(report(WITH_EXTRA_CA, decided=False))
    assert shown.state is State.RISK
    assert "KMS would refuse" in shown.because
    unknown = verdict("x", Outcome.UNKNOWN, because="not measured")
    assert banner(report(WITH_EXTRA_CA, unknown, decided=False)).state is State.UNDECIDED


def test_an_extra_ca_that_no_verdict_rests_on_changes_nothing() -> None:
    assert banner(report(verdict(), extra_authorities=("CN=Lab",))).state is State.GOOD


def test_an_expected_error_is_shown_with_its_cause_and_fix() -> None:
    shown = banner(report(CAUSE, errors=(predicted(),)))
    assert shown.state is State.BAD
    assert shown.headline == "KMS would fail with XKS_PROXY_INVALID_TLS_CONFIGURATION"
    assert (shown.because, shown.remedy) == ("node-1: the root is private", REMEDY)


def test_the_error_that_hides_the_others_is_shown() -> None:
    masked = predicted("XKS_PROXY_TIMED_OUT", masked_by="authority-is-trusted-by-kms")
    assert banner(report(CAUSE, errors=(masked, predicted()))).error == "XKS_PROXY_INVALID_TLS_CONFIGURATION"


def test_an_expected_error_is_shown_even_if_the_rest_is_unknown() -> None:
    shown = banner(report(CAUSE, errors=(predicted(),), decided=False))
    assert shown.state is State.BAD
    assert "Other required requirements are still unknown." in shown.notes


def test_unknown_is_never_shown_as_good() -> None:
    unknown = verdict(outcome=Outcome.UNKNOWN, because="not measured", remedy=REMEDY)
    shown = banner(report(unknown, decided=False))
    assert shown.state is State.UNDECIDED
    assert shown.headline == "Undecided: 1 required requirement is unknown"
    assert (shown.because, shown.remedy) == ("node-1: not measured", REMEDY)
    assert banner(report(decided=False)).state is State.UNDECIDED


def test_a_possible_error_is_a_risk_even_when_its_requirement_is_met() -> None:
    slow = verdict("health-answers-within-250-ms", Outcome.MET, because="p99 is 210 ms")
    possible = predicted("XKS_PROXY_TIMED_OUT", Likelihood.POSSIBLE, requirements=(slow.requirement,))
    shown = banner(report(slow, errors=(possible,)))
    assert shown.state is State.RISK
    assert shown.because == "node-1: p99 is 210 ms"


def test_a_possible_error_does_not_hide_unknown_requirements() -> None:
    unknown = verdict(outcome=Outcome.UNKNOWN)
    shown = banner(report(unknown, errors=(predicted(likelihood=Likelihood.POSSIBLE),), decided=False))
    assert shown.state is State.UNDECIDED


def test_an_undocumented_error_is_marked_as_inferred() -> None:
    inferred = predicted(basis=Basis.INFERRED, alternatives=("XKS_PROXY_NOT_REACHABLE",))
    notes = " ".join(banner(report(CAUSE, errors=(inferred,))).notes)
    assert "inferred" in notes
    assert "XKS_PROXY_NOT_REACHABLE" in notes


def test_only_required_unknowns_are_counted() -> None:
    advice = verdict("a", Outcome.UNKNOWN, level=Level.ADVICE)
    assert "not everything" in banner(report(advice, decided=False)).headline


def test_the_other_kms_calls_have_a_short_summary() -> None:
    assert summary(None, Operation.UPDATE) == "not evaluated"
    assert summary(report(), Operation.CREATE) == "not evaluated by the agent (use preflight)"
    assert summary(report(), Operation.CONNECT) == "no error expected; the AWS account was not evaluated"
    unknown = report(verdict(outcome=Outcome.UNKNOWN), decided=False)
    assert "undecided: required information is missing" in summary(unknown, Operation.CONNECT)
    failing = report(errors=(predicted(),), decided=False)
    assert summary(failing, Operation.CONNECT) == "would fail with XKS_PROXY_INVALID_TLS_CONFIGURATION"
    possible = report(errors=(predicted(likelihood=Likelihood.POSSIBLE),))
    assert summary(possible, Operation.CONNECT) == "XKS_PROXY_INVALID_TLS_CONFIGURATION possible"


def test_notes_of_a_report_are_sentences_after_the_banners_own() -> None:
    noted = report(CAUSE, errors=(predicted(),), decided=False, notes=("the file is for /a",))
    ((_, shown),) = banners((noted,))
    own = banner(noted).notes
    assert own
    assert shown.notes == (*own, "The file is for /a.")
