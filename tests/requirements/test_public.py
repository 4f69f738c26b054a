"""Public endpoint connectivity: what update meets of the proxy, create meets."""

from dataclasses import replace

from accounts import PROPOSAL, looked_at
from judging import in_handshake, target, tls

from probe.model.measurements import Reason
from probe.model.preflight import PUBLIC_CONNECTIVITY, Proposal
from probe.model.verdicts import Operation, Report
from probe.verdicts import judge

PROXY = target()


def refused(proposal: Proposal) -> Report:
    failed = tls(PROXY, failure=in_handshake(Reason.RESET), version="TLSv1.1", cipher=None)
    return judge(looked_at(proposal=proposal, targets=(PROXY,), latest=(failed,), recent=(failed,)))


def names(report: Report, operation: Operation) -> set[str]:
    (said,) = (each for each in report.predictions if each.operation is operation)
    return {error.error for error in said.errors}


def test_create_speaks_with_a_public_proxy_and_not_with_one_in_a_vpc() -> None:
    public = replace(PROPOSAL, connectivity=PUBLIC_CONNECTIVITY, service_name=None)
    assert names(refused(public), Operation.CREATE) == {"XksProxyUriUnreachableException"}
    assert names(refused(PROPOSAL), Operation.CREATE) == set()
    assert names(refused(PROPOSAL), Operation.UPDATE) == {"XksProxyUriUnreachableException"}
