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
from probe.model.targets import Role
from probe.model.verdicts import Evidence
from probe.requirements.declare import Finding, not_applicable, unknown

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
            return _no_service(proposal, account)
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
    """One finding about each target group to which a listener on KMS's port forwards."""
    waiting: list[tuple[LoadBalancer, TargetGroup]] = []

    def look(_: Account, balancer: LoadBalancer) -> Finding:
        for part in (balancer.target_groups, balancer.listeners):
            if isinstance(part, Unavailable):
                return not_seen(part)
        waiting.extend((balancer, group) for group in balancer.forwarded_groups)
        return unknown("no target group is forwarded to on port 443")

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
        return of_the_owner(account, service, "its load balancers")
    for part in (service, balancers):
        if isinstance(part, Unavailable):
            return not_seen(part)
    if service is None:
        return _no_service(proposal, account)
    return None if balancers else unknown("the endpoint service has no Network Load Balancer")


def _no_service(proposal: Proposal, account: Account) -> Finding:
    """There is none to look at: no name of one is known, or AWS shows none of that name."""
    if proposal.service_name is None:
        return not_told(proposal, account, "endpoint service", "--endpoint-service")
    return unknown("the endpoint service was not found")


def unseen_nodes(evidence: Evidence) -> Finding | None:
    """Why there may be nodes that nobody has told us of; None where all are known."""
    nodes = sum(target.role is Role.NODE for target in evidence.targets)
    reason = _unseen_way(evidence, named=nodes > 0)
    if reason is not None:
        return reason
    balancers = load_balancers_of(evidence)
    if nodes >= sum(len(each.zones) for each in balancers) > 0:
        return None
    for each in balancers:
        if isinstance(each.nodes, Unavailable) and not all(zone.address for zone in each.zones):
            return not_seen(each.nodes)
    return None


def unseen_targets(evidence: Evidence) -> Finding | None:
    """Why there may be targets that nobody has told us of; None where all are known."""
    reason = _unseen_way(evidence, named=any(target.role is Role.BACKEND for target in evidence.targets))
    if reason is not None:
        return reason
    for each in load_balancers_of(evidence):
        for part in (each.target_groups, each.listeners, *(group.targets for group in each.forwarded_groups)):
            if isinstance(part, Unavailable):
                return not_seen(part)
    return None


def _unseen_way(evidence: Evidence, *, named: bool) -> Finding | None:
    """Why no load balancer can be looked at, in a preflight of a store with VPC connectivity.

    ``named``: the user has told us what is there.
    """
    proposal = evidence.proposal
    if proposal is None or proposal.connectivity == PUBLIC_CONNECTIVITY or named:
        return None
    return _no_load_balancers(proposal, evidence.account)


def load_balancers_of(evidence: Evidence) -> tuple[LoadBalancer, ...]:
    """Those that can be seen."""
    found = evidence.account.load_balancers if evidence.account else ()
    return () if isinstance(found, Unavailable) else found


def not_seen(unavailable: Unavailable) -> Finding:
    """*Unknown*, with the IAM action to allow or the reason why AWS did not answer."""
    return unknown(f"{unavailable.call} gave nothing: {unavailable.because}")


def not_told(proposal: Proposal, account: Account | None, what: str, option: str) -> Finding:
    """*Unknown*: the option that says it, or the call that would have told, had it been allowed."""
    unseen: list[Unavailable] = []
    if account is not None and proposal.key_store_id and isinstance(account.key_stores, Unavailable):
        unseen.append(account.key_stores)
    if account is not None and isinstance(account.service, Unavailable):
        unseen.append(account.service)
    because = "".join(f"; {not_seen(each).because}" for each in unseen[:1])
    return unknown(f"no {what} is known: give {option}{because}")


def of_the_owner(account: Account, service: EndpointService, what: str) -> Finding:
    """*Unknown*: only the service's owner sees it. Whom to ask, or what to allow if that may be ourselves."""
    hidden = hidden_as_owner(account, service)
    if hidden is not None:
        return not_seen(hidden)
    whom = f"account {service.owner}" if service.owner else "its owner's account"
    return unknown(f"{what} can be seen from {whom} alone, which owns {service.id}: run the preflight there")


def hidden_as_owner(account: Account, service: EndpointService) -> Unavailable | None:
    """The call that would show the service as its owner sees it, if it failed and we may be its owner."""
    if service.is_owner_view or not isinstance(account.services, Unavailable):
        return None
    is_ours = service.owner is None or isinstance(account.id, Unavailable) or service.owner == account.id
    return account.services if is_ours else None


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
        finding, subject=finding.subject or subject, values={**values_of(evidence), **finding.values}
    )


def _service_subject(evidence: Evidence) -> str:
    service = evidence.account.service if evidence.account else None
    if isinstance(service, EndpointService):
        return service.id
    name = evidence.proposal.service_name if evidence.proposal else None
    return (name or "").rpartition(".")[2][:64] or _ENDPOINT_SERVICE


def values_of(evidence: Evidence) -> Mapping[str, str]:
    """For the words in capitals of any remedy, as far as they are known."""
    proposal, account = evidence.proposal, evidence.account
    service = account.service if account else None
    known = {
        "REGION": proposal.region if proposal else None,
        "KEY-STORE-ID": proposal.key_store_id if proposal else None,
        "PRIVATE-DNS-NAME": proposal.host if proposal else None,
        "SERVICE-ID": service.id if isinstance(service, EndpointService) else None,
    }
    return {word: value for word, value in known.items() if value}
