"""Public endpoint connectivity: create can fail at the proxy with the same errors as update."""

from dataclasses import replace

import pytest
from support.accounts.healthy import SPEC, looked_at
from support.evidence import in_handshake, issue, sent, target, tls

from probe.model.measurements import Reason
from probe.model.store import PUBLIC_CONNECTIVITY, KeyStoreSpec
from probe.model.verdicts import (
    Basis,
    KmsError,
    KmsStep,
    Level,
    Likelihood,
    Operation,
    Outcome,
    Report,
    Verdict,
)
from probe.requirements import CATALOGUE
from probe.verdicts.judge import judge
from probe.verdicts.public_endpoint import apply, operations_of

PROXY = target()


def refused(spec: KeyStoreSpec) -> Report:
    failed = tls(PROXY, failure=in_handshake(Reason.RESET), version="TLSv1.1", cipher=None)
    return judge(looked_at(spec=spec, targets=(PROXY,), latest=(failed,), recent=(failed,)))


def names(report: Report, operation: Operation) -> set[str]:
    (prediction,) = (each for each in report.predictions if each.operation is operation)
    return {error.error for error in prediction.errors}


def test_create_of_a_public_store_is_undecided_before_the_proxy_was_tested() -> None:
    public = replace(SPEC, connectivity=PUBLIC_CONNECTIVITY, service_name=None)
    report = judge(looked_at(spec=public, targets=(PROXY,)))
    (create,) = (each for each in report.predictions if each.operation is Operation.CREATE)
    assert (create.decided, create.errors) == (False, ())


def test_a_public_store_gets_no_error_of_an_endpoint_service() -> None:
    public = replace(SPEC, connectivity=PUBLIC_CONNECTIVITY, service_name=None)
    wrong = tls(PROXY, sent(issue("other.example.com")))
    report = judge(looked_at(spec=public, targets=(PROXY,), latest=(wrong,), recent=(wrong,)))
    (connect,) = (each for each in report.predictions if each.operation is Operation.CONNECT)
    named = {name for error in connect.errors for name in (error.error, *error.alternatives)}
    assert "XKS_PROXY_INVALID_TLS_CONFIGURATION" in named
    assert not any(name.startswith("XKS_VPC_") for name in named)


def test_create_contacts_a_public_proxy_but_not_one_in_a_vpc() -> None:
    public = replace(SPEC, connectivity=PUBLIC_CONNECTIVITY, service_name=None)
    assert names(refused(public), Operation.CREATE) == {"XksProxyUriUnreachableException"}
    assert names(refused(SPEC), Operation.CREATE) == set()
    assert names(refused(SPEC), Operation.UPDATE) == {"XksProxyUriUnreachableException"}


PUBLIC = replace(SPEC, connectivity=PUBLIC_CONNECTIVITY, service_name=None)


def verdict(step: KmsStep, *operations: Operation) -> Verdict:
    return Verdict(
        requirement="r",
        level=Level.REQUIRED,
        step=step,
        subject="x",
        outcome=Outcome.VIOLATED,
        because="",
        kms_errors=tuple(
            KmsError(operation=each, error=each, likelihood=Likelihood.EXPECTED, basis=Basis.INFERRED)
            for each in operations
        ),
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (verdict(KmsStep.TLS, Operation.UPDATE), [Operation.CREATE, Operation.UPDATE]),
        (verdict(KmsStep.TLS, Operation.CONNECT), [Operation.CONNECT]),
        (verdict(KmsStep.TLS, Operation.CREATE, Operation.UPDATE), [Operation.CREATE, Operation.UPDATE]),
        (verdict(KmsStep.NAME, Operation.UPDATE), [Operation.UPDATE]),
        (verdict(KmsStep.TLS), []),
    ],
    ids=["update", "connect", "create and update", "update before the proxy is contacted", "no error"],
)
def test_create_repeats_the_proxy_errors_of_update_unless_it_has_its_own(
    before: Verdict, after: list[Operation]
) -> None:
    (found,) = apply((before,), looked_at(spec=PUBLIC))
    assert [error.operation for error in found.kms_errors] == after
    assert apply((before,), looked_at()) == (before,)


@pytest.mark.parametrize(
    ("id_", "public", "in_vpc"),
    [
        ("tls-version-is-supported", {Operation.CREATE}, set()),
        ("kms-is-an-allowed-principal", {Operation.CREATE}, {Operation.CREATE}),
        ("credential-is-the-one-kms-holds", set(), set()),
    ],
)
def test_create_depends_on_the_proxy_requirements_of_update_with_public_connectivity(
    id_: str, public: set[Operation], in_vpc: set[Operation]
) -> None:
    (rule,) = (each for each in CATALOGUE if each.id == id_)
    for is_public, more in ((True, public), (False, in_vpc)):
        found = operations_of(rule, public=is_public)
        assert found & {Operation.CREATE} == more
        assert found >= {error.operation for error in rule.published.errors}
