"""The prediction for each operation: which error masks which, and when it is decided."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from support.accounts.healthy import SPEC, looked_at
from support.evidence import evidence

from probe.model.store import PUBLIC_CONNECTIVITY
from probe.model.verdicts import (
    Basis,
    KmsError,
    KmsStep,
    Level,
    Likelihood,
    Operation,
    Outcome,
    PredictedError,
    Trait,
    Verdict,
)
from probe.requirements import CATALOGUE
from probe.verdicts.predict import predict


def fault(name: str, step: KmsStep, error: str, likelihood: Likelihood, level: Level) -> Verdict:
    return Verdict(
        requirement=name,
        level=level,
        step=step,
        subject="x",
        outcome=Outcome.VIOLATED,
        because="",
        kms_errors=(
            KmsError(operation=Operation.CONNECT, error=error, likelihood=likelihood, basis=Basis.DOCUMENTED),
        ),
    )


def connect(*verdicts: Verdict) -> Iterator[PredictedError]:
    yield from next(
        each for each in predict(verdicts, (), evidence()) if each.operation is Operation.CONNECT
    ).errors


EXPECTED_TLS = fault("t", KmsStep.TLS, "T", Likelihood.EXPECTED, Level.REQUIRED)
EXPECTED_NETWORK = fault("n", KmsStep.NETWORK, "N", Likelihood.EXPECTED, Level.REQUIRED)
EXPECTED_HEALTH = fault("h", KmsStep.HEALTH, "T", Likelihood.EXPECTED, Level.REQUIRED)
RISK = fault("r", KmsStep.NETWORK, "R", Likelihood.POSSIBLE, Level.RISK)


def test_an_expected_error_masks_the_errors_of_later_steps() -> None:
    assert [(each.error, each.masked_by) for each in connect(EXPECTED_TLS, EXPECTED_NETWORK)] == [
        ("N", None),
        ("T", "n"),
    ]


def test_an_error_at_the_same_step_is_not_masked() -> None:
    other = replace(EXPECTED_TLS, requirement="u")
    (error,) = connect(EXPECTED_TLS, other)
    assert (error.masked_by, error.requirements) == (None, ("t", "u"))


def test_a_possible_error_masks_nothing() -> None:
    assert [each.masked_by for each in connect(RISK, EXPECTED_TLS)] == [None, None]


def test_an_error_with_causes_at_two_steps_is_masked_only_if_both_are() -> None:
    assert [each.masked_by for each in connect(EXPECTED_TLS, EXPECTED_HEALTH)] == [None]
    masked = {each.error: each.masked_by for each in connect(EXPECTED_NETWORK, EXPECTED_TLS, EXPECTED_HEALTH)}
    assert masked == {"N": None, "T": "n"}


def test_errors_with_the_same_name_get_the_highest_likelihood() -> None:
    possible = replace(
        EXPECTED_TLS, kms_errors=(replace(EXPECTED_TLS.kms_errors[0], likelihood=Likelihood.POSSIBLE),)
    )
    (error,) = connect(possible, EXPECTED_TLS)
    assert error.likelihood is Likelihood.EXPECTED


def at(step: KmsStep, error: str, operation: Operation) -> Verdict:
    verdict = fault(error, step, error, Likelihood.EXPECTED, Level.REQUIRED)
    return replace(verdict, kms_errors=tuple(replace(e, operation=operation) for e in verdict.kms_errors))


@pytest.mark.parametrize(
    ("operation", "masked"),
    [(Operation.CONNECT, "domain"), (Operation.CREATE, None), (Operation.UPDATE, None)],
)
def test_connect_checks_the_domain_before_the_principals_and_create_in_no_known_order(
    operation: Operation, masked: str | None
) -> None:
    verdicts = (at(KmsStep.CONFIGURATION, "principals", operation), at(KmsStep.DOMAIN, "domain", operation))
    (prediction,) = (each for each in predict(verdicts, (), evidence()) if each.operation is operation)
    assert {error.error: error.masked_by for error in prediction.errors} == {
        "domain": None,
        "principals": masked,
    }


def unknown_at(step: KmsStep, subject: str) -> Verdict:
    return replace(
        fault("kms-is-an-allowed-principal", step, "x", Likelihood.EXPECTED, Level.REQUIRED),
        outcome=Outcome.UNKNOWN,
        subject=subject,
        kms_errors=(),
    )


def decided(operation: Operation, *verdicts: Verdict) -> bool:
    (prediction,) = (each for each in predict(verdicts, CATALOGUE, evidence()) if each.operation is operation)
    return prediction.decided


def test_what_is_met_only_with_an_extra_ca_leaves_the_prediction_undecided_like_an_unknown() -> None:
    unknown = unknown_at(KmsStep.TLS, "x")
    lenient = replace(unknown, outcome=Outcome.MET, rests_on_extra_authority=True)
    assert not decided(Operation.CONNECT, lenient)
    assert decided(Operation.CONNECT, replace(lenient, rests_on_extra_authority=False))
    assert decided(Operation.CONNECT, replace(lenient, level=Level.ADVICE))
    assert decided(Operation.CONNECT, EXPECTED_NETWORK, lenient)  # KMS fails before it sees a certificate


def test_a_prediction_names_the_requirements_that_leave_it_undecided() -> None:
    unknown, other = unknown_at(KmsStep.TLS, "x"), unknown_at(KmsStep.TLS, "y")
    (prediction,) = (
        each
        for each in predict((unknown, other), CATALOGUE, evidence())
        if each.operation is Operation.CONNECT
    )
    assert prediction.unknown_requirements == (unknown.requirement,)


def test_an_unknown_at_the_same_configuration_step_makes_the_prediction_undecided() -> None:
    known = at(KmsStep.CONFIGURATION, "acceptance", Operation.CONNECT)
    assert not decided(Operation.CONNECT, known, unknown_at(KmsStep.CONFIGURATION, "vpce-svc-1"))
    before = at(KmsStep.DOMAIN, "domain", Operation.CONNECT)
    assert decided(Operation.CONNECT, before, unknown_at(KmsStep.CONFIGURATION, "vpce-svc-1"))


def test_an_error_of_another_operation_hides_no_unknown_requirement() -> None:
    quota = replace(at(KmsStep.UNIQUENESS, "LimitExceededException", Operation.CREATE), subject="store")
    assert not decided(Operation.CONNECT, quota, unknown_at(KmsStep.DOMAIN, "store"))


def test_advice_comes_after_the_last_step_and_masks_nothing() -> None:
    advice = replace(EXPECTED_NETWORK, requirement="a", level=Level.ADVICE, step=None)
    assert [(each.error, each.masked_by) for each in connect(advice, EXPECTED_TLS)] == [
        ("T", None),
        ("N", "t"),
    ]


@pytest.mark.parametrize(("traits", "is_decided"), [({Trait.MEANS_SHUT}, True), (set(), False)])
def test_an_unknown_of_tls_does_not_matter_at_an_address_that_accepts_no_connection(
    traits: set[Trait], is_decided: bool
) -> None:
    shut = replace(RISK, traits=frozenset(traits))
    unknown = replace(unknown_at(KmsStep.TLS, "x"), requirement="common-name-matches")
    assert decided(Operation.CONNECT, shut, unknown) is is_decided


@pytest.mark.parametrize("order", [1, -1])
def test_the_strongest_basis_of_an_error_is_used(order: int) -> None:
    (error,) = EXPECTED_TLS.kms_errors
    of_each = [
        replace(EXPECTED_TLS, kms_errors=(replace(error, basis=basis),))
        for basis in (Basis.INFERRED, Basis.CONFLICTING, Basis.DOCUMENTED)
    ][::order]
    assert [each.basis for each in connect(*of_each)] == [Basis.DOCUMENTED]
    assert [
        each.basis for each in connect(*(v for v in of_each if v.kms_errors[0].basis is not Basis.DOCUMENTED))
    ] == [Basis.CONFLICTING]


def test_an_unknown_at_the_step_of_an_expected_error_leaves_the_prediction_decided() -> None:
    unknown = replace(unknown_at(KmsStep.TLS, "y"), requirement="common-name-matches")
    assert decided(Operation.CONNECT, EXPECTED_TLS, unknown)
    assert not decided(Operation.CONNECT, EXPECTED_HEALTH, unknown)


SHUT_AT_NETWORK = replace(RISK, traits=frozenset({Trait.MEANS_SHUT}))


@pytest.mark.parametrize(
    "others", [(), (replace(EXPECTED_TLS, subject="y"),)], ids=["the only fault", "before another"]
)
@pytest.mark.parametrize(("subject", "is_decided"), [("x", True), ("z", False)])
def test_an_unknown_about_the_network_of_a_closed_address_leaves_the_prediction_decided(
    others: tuple[Verdict, ...], subject: str, *, is_decided: bool
) -> None:
    unknown = unknown_at(KmsStep.NETWORK, subject)
    assert decided(Operation.CONNECT, SHUT_AT_NETWORK, *others, unknown) is is_decided


@pytest.mark.parametrize("order", [1, -1])
def test_the_earliest_failure_of_an_address_decides_which_unknowns_matter(order: int) -> None:
    late = fault("h", KmsStep.HEALTH, "T", Likelihood.POSSIBLE, Level.REQUIRED)
    unknown = replace(unknown_at(KmsStep.TLS, "x"), requirement="common-name-matches")
    assert not decided(Operation.CONNECT, late, unknown)
    assert decided(Operation.CONNECT, *(SHUT_AT_NETWORK, late)[::order], unknown)


@pytest.mark.parametrize("is_public", [True, False])
def test_an_unknown_about_the_proxy_leaves_create_undecided_only_with_public_connectivity(
    *, is_public: bool
) -> None:
    spec = replace(SPEC, connectivity=PUBLIC_CONNECTIVITY, service_name=None) if is_public else SPEC
    unknown = replace(unknown_at(KmsStep.TLS, "x"), requirement="common-name-matches")
    predictions = predict((unknown,), CATALOGUE, looked_at(spec=spec))
    assert {each.operation: each.decided for each in predictions}[Operation.CREATE] is not is_public


@pytest.mark.parametrize(("may_pass", "is_decided"), [(False, True), (True, False)])
def test_what_is_unknown_behind_a_fault_that_kms_may_accept_leaves_the_prediction_undecided(
    may_pass: bool, is_decided: bool
) -> None:
    """A chain in another order, for example: KMS may connect there, and then asks for health."""
    possible = fault(
        "order", KmsStep.TLS, "XKS_PROXY_INVALID_TLS_CONFIGURATION", Likelihood.POSSIBLE, Level.REQUIRED
    )
    verdict = replace(possible, subject="node", may_pass=may_pass)
    assert decided(Operation.CONNECT, verdict, unknown_at(KmsStep.HEALTH, "node")) is is_decided
