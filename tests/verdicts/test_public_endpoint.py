"""Public endpoint connectivity: what update meets of the proxy, create meets."""

from dataclasses import replace

from accounts import SPEC, looked_at
from judging import in_handshake, issue, sent, target, tls

from probe.model.measurements import Reason
from probe.model.store import PUBLIC_CONNECTIVITY, KeyStoreSpec
from probe.model.verdicts import Operation, Report
from probe.verdicts.judge import judge

PROXY = target()


def refused(spec: KeyStoreSpec) -> Report:
    failed = tls(PROXY, failure=in_handshake(Reason.RESET), version="TLSv1.1", cipher=None)
    return judge(looked_at(spec=spec, targets=(PROXY,), latest=(failed,), recent=(failed,)))


def names(report: Report, operation: Operation) -> set[str]:
    (said,) = (each for each in report.predictions if each.operation is operation)
    return {error.error for error in said.errors}


def test_nothing_is_decided_about_create_of_a_public_store_before_the_proxy_was_seen() -> None:
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


def test_create_speaks_with_a_public_proxy_and_not_with_one_in_a_vpc() -> None:
    public = replace(SPEC, connectivity=PUBLIC_CONNECTIVITY, service_name=None)
    assert names(refused(public), Operation.CREATE) == {"XksProxyUriUnreachableException"}
    assert names(refused(SPEC), Operation.CREATE) == set()
    assert names(refused(SPEC), Operation.UPDATE) == {"XksProxyUriUnreachableException"}
