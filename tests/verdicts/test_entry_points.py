"""An error is expected only if it occurs at every entry point."""

from dataclasses import replace

import pytest
from support.evidence import evidence, target, tcp

from probe.model.measurements import Phase, Reason
from probe.model.targets import Role, Target
from probe.model.verdicts import (
    Basis,
    KmsError,
    KmsStep,
    Level,
    Likelihood,
    Operation,
    Outcome,
    Trait,
    Verdict,
)
from probe.verdicts import entry_points

A, B = target("nlb-a", Role.NODE), target("nlb-b", Role.NODE)
PROXY, BACKEND = target(), target("proxy-1", Role.BACKEND)
EXPECTED, POSSIBLE = Likelihood.EXPECTED, Likelihood.POSSIBLE


def errors(*names: str) -> tuple[KmsError, ...]:
    return tuple(
        KmsError(operation=Operation.CONNECT, error=name, likelihood=EXPECTED, basis=Basis.DOCUMENTED)
        for name in names
    )


def fault(
    of: Target,
    *names: str,
    step: KmsStep = KmsStep.TLS,
    level: Level = Level.REQUIRED,
    outcome: Outcome = Outcome.VIOLATED,
) -> Verdict:
    return Verdict(
        requirement="r",
        level=level,
        step=step,
        subject=of.name,
        outcome=outcome,
        because="",
        kms_errors=errors(*names),
    )


def healthy(of: Target) -> Verdict:
    return fault(of, outcome=Outcome.MET)


def likelihoods(verdicts: tuple[Verdict, ...], *open_targets: Target) -> list[dict[str, Likelihood]]:
    """The likelihoods in each verdict, corrected for targets that accept connections."""
    corrected = entry_points.apply(verdicts, evidence(*(tcp(each) for each in open_targets)))
    return [{error.error: error.likelihood for error in verdict.kms_errors} for verdict in corrected]


def test_an_error_stays_expected_only_if_every_node_has_it() -> None:
    found = likelihoods((fault(A, "T", "U"), fault(B, "T")), A, B)
    assert found == [{"T": EXPECTED, "U": POSSIBLE}, {"T": EXPECTED}]


def test_the_same_error_of_another_operation_is_a_different_error() -> None:
    (error,) = errors("T")
    other = replace(fault(B), kms_errors=(replace(error, operation=Operation.UPDATE),))
    assert likelihoods((fault(A, "T"), other), A, B) == [{"T": POSSIBLE}, {"T": POSSIBLE}]


def test_two_verdicts_of_one_node_count_together() -> None:
    found = likelihoods((fault(A, "T"), fault(A, "U"), fault(B, "U", "T")), A, B)
    assert found == [{"T": EXPECTED}, {"U": EXPECTED}, {"U": EXPECTED, "T": EXPECTED}]


@pytest.mark.parametrize(
    ("reason", "likelihood"),
    [(Reason.REFUSED, EXPECTED), (Reason.TIMED_OUT, EXPECTED), (Reason.NOT_PERMITTED, POSSIBLE)],
    ids=["refuses", "times out", "may be open"],
)
def test_a_node_counts_unless_it_is_known_to_accept_no_connection(
    reason: Reason, likelihood: Likelihood
) -> None:
    measured = evidence(tcp(A), tcp(B, reason, phase=Phase.CONNECT))
    (verdict, _) = entry_points.apply((fault(A, "T"), healthy(B)), measured)
    assert [error.likelihood for error in verdict.kms_errors] == [likelihood]


def test_backends_are_entry_points_only_if_no_node_was_judged() -> None:
    assert likelihoods((fault(A, "T"), healthy(BACKEND)), A, BACKEND)[0] == {"T": EXPECTED}
    assert likelihoods((fault(BACKEND, "T"), healthy(A)), A, BACKEND)[0] == {"T": POSSIBLE}
    assert likelihoods((fault(BACKEND, "T"),), BACKEND) == [{"T": EXPECTED}]


def test_a_healthy_proxy_name_does_not_lower_a_fault_at_every_node() -> None:
    assert likelihoods((fault(A, "T"), healthy(PROXY)), A, PROXY)[0] == {"T": EXPECTED}


def test_without_nodes_the_proxys_own_name_is_the_entry_point() -> None:
    assert likelihoods((fault(PROXY, "T"),), PROXY)[0] == {"T": EXPECTED}


@pytest.mark.parametrize(
    "changes",
    [
        {"step": KmsStep.NETWORK},
        {"level": Level.RISK},
        {"level": Level.ADVICE},
        {"outcome": Outcome.UNKNOWN},
    ],
    ids=str,
)
def test_a_verdict_that_is_not_a_required_violation_of_tls_is_unchanged(changes: dict) -> None:
    verdicts = (fault(A, "T", **changes), healthy(B))
    assert entry_points.apply(verdicts, evidence(tcp(A), tcp(B))) == verdicts


def test_if_every_entry_point_is_closed_no_tls_error_is_expected() -> None:
    measured = evidence(tcp(A, Reason.REFUSED))
    (verdict,) = entry_points.apply((fault(A, "T"),), measured)
    assert [error.likelihood for error in verdict.kms_errors] == [POSSIBLE]


def test_nodes_without_a_tls_check_leave_the_decision_to_the_backends() -> None:
    unchecked = replace(A, plans=())
    assert likelihoods((fault(BACKEND, "T"),), unchecked, BACKEND)[0] == {"T": EXPECTED}


def test_different_faults_at_each_entry_point_become_alternatives() -> None:
    verdicts = (
        fault(A, "EXPIRED"),
        fault(A, "LATER", step=KmsStep.HEALTH),
        fault(B, "DENIED", step=KmsStep.HEALTH),
        healthy(B),
    )
    found = entry_points.apply(verdicts, evidence(tcp(A), tcp(B)))
    errors_of_each = [{e.error: (e.likelihood, e.alternatives) for e in v.kms_errors} for v in found]
    assert errors_of_each == [
        {"EXPIRED": (EXPECTED, ("DENIED",))},
        {"LATER": (POSSIBLE, ())},
        {"DENIED": (EXPECTED, ("EXPIRED",))},
        {},
    ]


def test_a_proxy_with_only_a_health_verdict_is_the_entry_point() -> None:
    assert likelihoods((fault(PROXY, "T", step=KmsStep.HEALTH),), PROXY)[0] == {"T": EXPECTED}


def test_one_entry_point_without_a_fault_makes_all_errors_possible() -> None:
    assert likelihoods((fault(A, "EXPIRED"), healthy(B)), A, B)[0] == {"EXPIRED": POSSIBLE}


def test_a_finding_about_the_whole_key_store_is_unchanged() -> None:
    store = replace(fault(A, "T", step=KmsStep.HEALTH), subject="cks-1")
    assert likelihoods((store, healthy(A)), A)[0] == {"T": EXPECTED}


@pytest.mark.parametrize(("other", "likelihood"), [(Outcome.MET, POSSIBLE), (Outcome.VIOLATED, EXPECTED)])
def test_another_healthy_load_balancer_is_an_entry_point(other: Outcome, likelihood: Likelihood) -> None:
    bad = replace(
        fault(A, "T", step=KmsStep.NETWORK), traits=frozenset({Trait.ONE_SUFFICES}), subject="net/a"
    )
    second = replace(bad, subject="net/b", outcome=other)
    found = entry_points.apply((bad, second), evidence(tcp(A)))
    assert found[0].kms_errors[0].likelihood is likelihood


def test_an_error_at_every_node_is_expected_in_any_order_of_errors() -> None:
    verdicts = (fault(A, "U", "T"), fault(B, "T"))
    found = entry_points.apply(verdicts, evidence(tcp(A), tcp(B)))
    errors_of_each = [{e.error: (e.likelihood, e.alternatives) for e in v.kms_errors} for v in found]
    assert errors_of_each == [{"U": (POSSIBLE, ()), "T": (EXPECTED, ())}, {"T": (EXPECTED, ())}]


def test_two_errors_at_every_node_are_not_alternatives_of_each_other() -> None:
    verdicts = (fault(A, "T", "U"), fault(B, "U", "T"))
    for verdict in entry_points.apply(verdicts, evidence(tcp(A), tcp(B))):
        assert [(e.likelihood, e.alternatives) for e in verdict.kms_errors] == [(EXPECTED, ())] * 2


def test_a_risk_at_one_node_does_not_make_an_error_of_the_other_expected() -> None:
    assert likelihoods((fault(A, "T", level=Level.RISK), fault(B, "T")), A, B)[1] == {"T": POSSIBLE}


def test_a_node_without_verdicts_is_ignored() -> None:
    assert likelihoods((fault(A, "T"),), A, B) == [{"T": EXPECTED}]
