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
    known,
)
from probe.model.evidence import Evidence
from probe.model.store import KeyStoreSpec
from probe.model.targets import Role
from probe.model.verdicts import Scope
from probe.requirements.declare import Finding, not_applicable, unknown

NO_ACCOUNT = "no AWS account was looked at"
PUBLIC = "the key store has public endpoint connectivity"
_ENDPOINT_SERVICE = "endpoint service"


def of_spec(evidence: Evidence, judge: Callable[[KeyStoreSpec], Finding]) -> Iterator[Finding]:
    """One finding about what KMS is, or would be, told; none where there is no key store."""
    if evidence.spec is not None:
        yield with_subject(evidence, judge(evidence.spec), subject_of(evidence.spec))


def of_account(evidence: Evidence, judge: Callable[[KeyStoreSpec, Account], Finding]) -> Iterator[Finding]:
    """One finding about the account as a whole."""

    def look(spec: KeyStoreSpec) -> Finding:
        return unknown(NO_ACCOUNT) if evidence.account is None else judge(spec, evidence.account)

    yield from of_spec(evidence, look)


def of_vpc_account(
    evidence: Evidence, judge: Callable[[KeyStoreSpec, Account], Finding]
) -> Iterator[Finding]:
    """As `of_account`, for what only VPC endpoint service connectivity has."""

    def look(spec: KeyStoreSpec) -> Finding:
        if spec.is_public:
            return not_applicable(PUBLIC)
        return unknown(NO_ACCOUNT) if evidence.account is None else judge(spec, evidence.account)

    yield from of_spec(evidence, look)


def of_service(
    evidence: Evidence, judge: Callable[[KeyStoreSpec, Account, EndpointService], Finding]
) -> Iterator[Finding]:
    """One finding about the endpoint service, if there is one to be seen."""

    def look(spec: KeyStoreSpec, account: Account) -> Finding:
        if isinstance(account.service, Unavailable):
            return not_seen(account.service)
        if account.service is None:
            return _no_service(spec, account)
        return judge(spec, account, account.service)

    for finding in of_vpc_account(evidence, look):
        yield replace(finding, subject=_service_subject(evidence))


def of_load_balancers(
    evidence: Evidence, judge: Callable[[Account, LoadBalancer], Finding]
) -> Iterator[Finding]:
    """One finding about each load balancer of the service."""
    spec, account = evidence.spec, evidence.account
    if spec is None:
        return
    reason = _no_load_balancers(spec, account)
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
    spec, account = evidence.spec, evidence.account
    if spec is None:
        return
    reason = _no_load_balancers(spec, account)
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


def _no_load_balancers(spec: KeyStoreSpec, account: Account | None) -> Finding | None:
    """Why there is no load balancer to look at; None where there are."""
    if spec.is_public:
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
        return _no_service(spec, account)
    return None if balancers else unknown("the endpoint service has no Network Load Balancer")


def _no_service(spec: KeyStoreSpec, account: Account) -> Finding:
    """There is none to look at: no name of one is known, or AWS shows none of that name."""
    if spec.service_name is None:
        return not_told(spec, account, "endpoint service", "--endpoint-service")
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
    """Why no load balancer of a store with VPC connectivity can be looked at; None where nobody wanted to.

    ``named``: the user has told us what is there.
    """
    spec = evidence.spec
    if Scope.ACCOUNT not in evidence.scopes or spec is None or spec.is_public or named:
        return None
    return _no_load_balancers(spec, evidence.account)


def load_balancers_of(evidence: Evidence) -> tuple[LoadBalancer, ...]:
    """Those that can be seen."""
    found = evidence.account.load_balancers if evidence.account else ()
    return known(found)


def not_seen(unavailable: Unavailable) -> Finding:
    """*Unknown*, with the IAM action to allow or the reason why AWS did not answer."""
    return unknown(f"{unavailable.call} gave nothing: {unavailable.because}")


def not_told(spec: KeyStoreSpec, account: Account | None, what: str, option: str) -> Finding:
    """*Unknown*: the option that says it, or the call that would have told, had it been allowed."""
    unseen: list[Unavailable] = []
    if account is not None and spec.id and isinstance(account.key_stores, Unavailable):
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


def other_stores(spec: KeyStoreSpec, account: Account) -> tuple[KeyStore, ...] | Unavailable:
    """All key stores but the one that the preflight is about."""
    if isinstance(account.key_stores, Unavailable):
        return account.key_stores
    return tuple(store for store in account.key_stores if store.id != spec.id)


def subject_of(spec: KeyStoreSpec) -> str:
    return spec.id or spec.name or "key store"


def with_subject(evidence: Evidence, finding: Finding, subject: str) -> Finding:
    """The finding with its subject, and the values that every remedy may name."""
    return replace(
        finding, subject=finding.subject or subject, values={**values_of(evidence), **finding.values}
    )


def _service_subject(evidence: Evidence) -> str:
    service = evidence.account.service if evidence.account else None
    if isinstance(service, EndpointService):
        return service.id
    name = evidence.spec.service_name if evidence.spec else None
    return (name or "").rpartition(".")[2][:64] or _ENDPOINT_SERVICE


def values_of(evidence: Evidence) -> Mapping[str, str]:
    """For the words in capitals of any remedy, as far as they are known."""
    spec, account = evidence.spec, evidence.account
    service = account.service if account else None
    known = {
        "REGION": spec.region if spec else None,
        "KEY-STORE-ID": spec.id if spec else None,
        "PRIVATE-DNS-NAME": spec.host if spec else None,
        "SERVICE-ID": service.id if isinstance(service, EndpointService) else None,
    }
    return {word: value for word, value in known.items() if value}
