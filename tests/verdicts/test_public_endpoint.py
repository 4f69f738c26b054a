"""Public endpoint connectivity: create can fail at the proxy with the same errors as update."""

from dataclasses import replace

from support.accounts.healthy import SPEC, looked_at
from support.evidence import in_handshake, issue, sent, target, tls

from probe.model.measurements import Reason
from probe.model.store import PUBLIC_CONNECTIVITY, KeyStoreSpec
from probe.model.verdicts import Operation, Report
from probe.verdicts.judge import judge

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
