"""What a requirement looks at in an account, and what it says where it may not look."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from probe.model.account import (
    Account,
    EndpointService,
    KeyStore,
    LoadBalancer,
    TargetGroup,
    Unavailable,
    Vpc,
)
from probe.model.preflight import PUBLIC_CONNECTIVITY, Proposal
from probe.model.verdicts import Evidence
from probe.requirements._declare import Finding, not_applicable, unknown

NO_ACCOUNT = "no AWS account was looked at"
PUBLIC = "the key store has public endpoint connectivity"
_ENDPOINT_SERVICE = "endpoint service"


def of_proposal(evidence: Evidence, judge: Callable[[Proposal], Finding]) -> Iterator[Finding]:
    """One finding about what KMS would be told; none where no preflight is made."""
    if evidence.proposal is not None:
        yield with_subject(evidence, judge(evidence.proposal), subject_of(evidence.proposal))


def of_account(evidence: Evidence, judge: Callable[[Proposal, Account], Finding]) -> Iterator[Finding]:
    """One finding about the account as a whole."""

    def look(proposal: Proposal) -> Finding:
        return unknown(NO_ACCOUNT) if evidence.account is None else judge(proposal, evidence.account)

    yield from of_proposal(evidence, look)


def of_vpc_account(evidence: Evidence, judge: Callable[[Proposal, Account], Finding]) -> Iterator[Finding]:
    """As `of_account`, for what only VPC endpoint service connectivity has."""

    def look(proposal: Proposal) -> Finding:
        if proposal.connectivity == PUBLIC_CONNECTIVITY:
            return not_applicable(PUBLIC)
        return unknown(NO_ACCOUNT) if evidence.account is None else judge(proposal, evidence.account)

    yield from of_proposal(evidence, look)


def of_service(
    evidence: Evidence, judge: Callable[[Proposal, Account, EndpointService], Finding]
) -> Iterator[Finding]:
    """One finding about the endpoint service, if there is one to be seen."""

    def look(proposal: Proposal, account: Account) -> Finding:
        if isinstance(account.service, Unavailable):
            return not_seen(account.service)
        if account.service is None:
            return unknown("the endpoint service was not found")
        return judge(proposal, account, account.service)

    for finding in of_vpc_account(evidence, look):
        yield replace(finding, subject=_service_subject(evidence))


def of_load_balancers(
    evidence: Evidence, judge: Callable[[Account, LoadBalancer], Finding]
) -> Iterator[Finding]:
    """One finding about each load balancer of the service."""
    proposal, account = evidence.proposal, evidence.account
    if proposal is None:
        return
    reason = _no_load_balancers(proposal, account)
    if reason is not None or account is None or isinstance(account.load_balancers, Unavailable):
        found = reason or unknown(NO_ACCOUNT)
        yield with_subject(evidence, found, _service_subject(evidence))
        return
    for each in account.load_balancers:
        finding = judge(account, each)
        values = {"LOAD-BALANCER-ARN": each.arn, "LOAD-BALANCER": each.name, **finding.values}
        yield with_subject(evidence, replace(finding, values=values), each.name)


def of_target_groups(
    evidence: Evidence, judge: Callable[[LoadBalancer, TargetGroup], Finding]
) -> Iterator[Finding]:
    """One finding about each target group that a load balancer of the service forwards to."""
    waiting: list[tuple[LoadBalancer, TargetGroup]] = []

    def look(_: Account, balancer: LoadBalancer) -> Finding:
        if isinstance(balancer.target_groups, Unavailable):
            return not_seen(balancer.target_groups)
        waiting.extend((balancer, group) for group in balancer.target_groups)
        return (
            not_applicable("no target group") if balancer.target_groups else unknown("it has no target group")
        )

    for finding in of_load_balancers(evidence, look):
        if not waiting:
            yield finding
        for balancer, group in waiting:
            judged = judge(balancer, group)
            values = {"TARGET-GROUP-ARN": group.arn, "TARGET-GROUP": group.name, **judged.values}
            yield with_subject(evidence, replace(judged, values=values), group.name)
        waiting.clear()


def of_vpcs(evidence: Evidence, judge: Callable[[Account, Vpc], Finding]) -> Iterator[Finding]:
    """One finding about each VPC that has a load balancer of the service."""
    proposal, account = evidence.proposal, evidence.account
    if proposal is None:
        return
    reason = _no_load_balancers(proposal, account)
    if reason is None and account is not None and isinstance(account.vpcs, Unavailable):
        reason = not_seen(account.vpcs)
    if reason is not None or account is None or isinstance(account.vpcs, Unavailable):
        yield with_subject(evidence, reason or unknown(NO_ACCOUNT), _service_subject(evidence))
        return
    if not account.vpcs:
        yield with_subject(evidence, unknown("no VPC was found"), _service_subject(evidence))
    for vpc in account.vpcs:
        finding = judge(account, vpc)
        yield with_subject(evidence, replace(finding, values={"VPC-ID": vpc.id, **finding.values}), vpc.id)


def _no_load_balancers(proposal: Proposal, account: Account | None) -> Finding | None:
    """Why there is no load balancer to look at; None where there are."""
    if proposal.connectivity == PUBLIC_CONNECTIVITY:
        return not_applicable(PUBLIC)
    if account is None:
        return unknown(NO_ACCOUNT)
    service, balancers = account.service, account.load_balancers
    if isinstance(service, EndpointService) and not service.is_owner_view:
        return unknown(of_the_owner(service, "its load balancers"))
    for part in (service, balancers):
        if isinstance(part, Unavailable):
            return not_seen(part)
    if service is None:
        return unknown("the endpoint service was not found")
    return None if balancers else unknown("the endpoint service has no Network Load Balancer")


def not_seen(unavailable: Unavailable) -> Finding:
    """*Unknown*, with the IAM action to allow or the reason why AWS did not answer."""
    return unknown(f"{unavailable.call} gave nothing: {unavailable.because}")


def of_the_owner(service: EndpointService, what: str) -> str:
    """Only the service's owner sees it: whom to ask."""
    whom = f"account {service.owner}" if service.owner else "its owner's account"
    return f"{what} can be seen from {whom} alone, which owns {service.id}: run the preflight there"


def other_stores(proposal: Proposal, account: Account) -> tuple[KeyStore, ...] | Unavailable:
    """All key stores but the one that the preflight is about."""
    if isinstance(account.key_stores, Unavailable):
        return account.key_stores
    return tuple(store for store in account.key_stores if store.id != proposal.key_store_id)


def subject_of(proposal: Proposal) -> str:
    return proposal.key_store_id or proposal.name or "key store"


def with_subject(evidence: Evidence, finding: Finding, subject: str) -> Finding:
    """The finding with its subject, and the values that every remedy may name."""
    return replace(
        finding, subject=finding.subject or subject, values={**_values(evidence), **finding.values}
    )


def _service_subject(evidence: Evidence) -> str:
    service = evidence.account.service if evidence.account else None
    if isinstance(service, EndpointService):
        return service.id
    name = evidence.proposal.service_name if evidence.proposal else None
    return (name or "").rpartition(".")[2][:64] or _ENDPOINT_SERVICE


def _values(evidence: Evidence) -> Mapping[str, str]:
    proposal, account = evidence.proposal, evidence.account
    service = account.service if account else None
    known = {
        "REGION": proposal.region if proposal else None,
        "KEY-STORE-ID": proposal.key_store_id if proposal else None,
        "PRIVATE-DNS-NAME": proposal.host if proposal else None,
        "SERVICE-ID": service.id if isinstance(service, EndpointService) else None,
    }
    return {word: value for word, value in known.items() if value}
