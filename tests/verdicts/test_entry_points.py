"""An error is expected only where every way in meets it."""

from dataclasses import replace

import pytest
from judging import evidence, target, tcp

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


def fine(of: Target) -> Verdict:
    return fault(of, outcome=Outcome.MET)


def likelihoods(verdicts: tuple[Verdict, ...], *open_targets: Target) -> list[dict[str, Likelihood]]:
    """Of each verdict, after weighing them over targets that accept connections."""
    weighed = entry_points.apply(verdicts, evidence(*(tcp(each) for each in open_targets)))
    return [{error.error: error.likelihood for error in verdict.kms_errors} for verdict in weighed]


def test_of_two_errors_of_one_node_only_that_of_the_other_too_stays_expected() -> None:
    found = likelihoods((fault(A, "T", "U"), fault(B, "T")), A, B)
    assert found == [{"T": EXPECTED, "U": POSSIBLE}, {"T": EXPECTED}]


def test_the_same_error_of_another_operation_is_another_error() -> None:
    (error,) = errors("T")
    other = replace(fault(B), kms_errors=(replace(error, operation=Operation.UPDATE),))
    assert likelihoods((fault(A, "T"), other), A, B) == [{"T": POSSIBLE}, {"T": POSSIBLE}]


def test_two_verdicts_of_one_node_count_together() -> None:
    found = likelihoods((fault(A, "T"), fault(A, "U"), fault(B, "U", "T")), A, B)
    assert found == [{"T": EXPECTED}, {"U": EXPECTED}, {"U": EXPECTED, "T": EXPECTED}]


@pytest.mark.parametrize(
    ("reason", "likelihood"),
    [(Reason.REFUSED, EXPECTED), (Reason.TIMED_OUT, EXPECTED), (Reason.NOT_PERMITTED, POSSIBLE)],
    ids=["refuses", "is silent", "may be open"],
)
def test_a_node_counts_unless_it_is_known_to_accept_nothing(reason: Reason, likelihood: Likelihood) -> None:
    seen = evidence(tcp(A), tcp(B, reason, phase=Phase.CONNECT))
    (verdict, _) = entry_points.apply((fault(A, "T"), fine(B)), seen)
    assert [error.likelihood for error in verdict.kms_errors] == [likelihood]


def test_backends_do_not_count_beside_nodes_and_stand_for_them_where_none_is_judged() -> None:
    assert likelihoods((fault(A, "T"), fine(BACKEND)), A, BACKEND)[0] == {"T": EXPECTED}
    assert likelihoods((fault(BACKEND, "T"), fine(A)), A, BACKEND)[0] == {"T": POSSIBLE}
    assert likelihoods((fault(BACKEND, "T"),), BACKEND) == [{"T": EXPECTED}]


def test_a_good_proxy_name_does_not_soften_a_fault_at_every_node() -> None:
    assert likelihoods((fault(A, "T"), fine(PROXY)), A, PROXY)[0] == {"T": EXPECTED}


def test_without_nodes_the_proxy_under_its_own_name_is_the_way_in() -> None:
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
def test_a_verdict_that_is_no_required_violation_of_tls_stays_as_it_is(changes: dict) -> None:
    verdicts = (fault(A, "T", **changes), fine(B))
    assert entry_points.apply(verdicts, evidence(tcp(A), tcp(B))) == verdicts


def test_where_every_way_in_is_shut_nothing_of_tls_is_expected() -> None:
    seen = evidence(tcp(A, Reason.REFUSED))
    (verdict,) = entry_points.apply((fault(A, "T"),), seen)
    assert [error.likelihood for error in verdict.kms_errors] == [POSSIBLE]


def test_nodes_that_nobody_probes_by_tls_leave_the_backends_to_speak() -> None:
    blind = replace(A, plans=())
    assert likelihoods((fault(BACKEND, "T"),), blind, BACKEND)[0] == {"T": EXPECTED}


def test_where_each_way_in_has_another_fault_one_of_them_it_will_be() -> None:
    verdicts = (
        fault(A, "EXPIRED"),
        fault(A, "LATER", step=KmsStep.HEALTH),
        fault(B, "DENIED", step=KmsStep.HEALTH),
        fine(B),
    )
    found = entry_points.apply(verdicts, evidence(tcp(A), tcp(B)))
    said = [{e.error: (e.likelihood, e.alternatives) for e in v.kms_errors} for v in found]
    assert said == [
        {"EXPIRED": (EXPECTED, ("DENIED",))},
        {"LATER": (POSSIBLE, ())},
        {"DENIED": (EXPECTED, ("EXPIRED",))},
        {},
    ]


def test_one_proxy_of_which_health_alone_is_known_is_the_way_in() -> None:
    assert likelihoods((fault(PROXY, "T", step=KmsStep.HEALTH),), PROXY)[0] == {"T": EXPECTED}


def test_one_way_in_without_a_fault_leaves_all_of_them_possible() -> None:
    assert likelihoods((fault(A, "EXPIRED"), fine(B)), A, B)[0] == {"EXPIRED": POSSIBLE}


def test_what_is_no_address_is_not_one_of_several() -> None:
    store = replace(fault(A, "T", step=KmsStep.HEALTH), subject="cks-1")
    assert likelihoods((store, fine(A)), A)[0] == {"T": EXPECTED}


@pytest.mark.parametrize(("other", "likelihood"), [(Outcome.MET, POSSIBLE), (Outcome.VIOLATED, EXPECTED)])
def test_another_load_balancer_that_is_well_is_a_way_in_too(other: Outcome, likelihood: Likelihood) -> None:
    bad = replace(
        fault(A, "T", step=KmsStep.NETWORK), traits=frozenset({Trait.ONE_SUFFICES}), subject="net/a"
    )
    beside = replace(bad, subject="net/b", outcome=other)
    found = entry_points.apply((bad, beside), evidence(tcp(A)))
    assert found[0].kms_errors[0].likelihood is likelihood
