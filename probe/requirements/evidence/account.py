"""The parts of an AWS account that requirements judge, and what they report if AWS denied a call."""

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

NO_ACCOUNT = "no AWS account was read"
PUBLIC = "the key store has public endpoint connectivity"
_ENDPOINT_SERVICE = "endpoint service"


def of_spec(evidence: Evidence, judge: Callable[[KeyStoreSpec], Finding]) -> Iterator[Finding]:
    """One finding about the settings of the key store; none if there is no key store."""
    if evidence.spec is not None:
        yield with_subject(evidence, judge(evidence.spec), subject_of(evidence.spec))


def of_account(evidence: Evidence, judge: Callable[[KeyStoreSpec, Account], Finding]) -> Iterator[Finding]:
    """One finding about the account as a whole."""

    def judge_spec(spec: KeyStoreSpec) -> Finding:
        return unknown(NO_ACCOUNT) if evidence.account is None else judge(spec, evidence.account)

    yield from of_spec(evidence, judge_spec)


def of_vpc_account(
    evidence: Evidence, judge: Callable[[KeyStoreSpec, Account], Finding]
) -> Iterator[Finding]:
    """Like `of_account`; not applicable to a key store with public endpoint connectivity."""

    def judge_spec(spec: KeyStoreSpec) -> Finding:
        if spec.is_public:
            return not_applicable(PUBLIC)
        return unknown(NO_ACCOUNT) if evidence.account is None else judge(spec, evidence.account)

    yield from of_spec(evidence, judge_spec)


def of_service(
    evidence: Evidence, judge: Callable[[KeyStoreSpec, Account, EndpointService], Finding]
) -> Iterator[Finding]:
    """One finding about the endpoint service: from ``judge``, if the service could be read."""

    def judge_account(spec: KeyStoreSpec, account: Account) -> Finding:
        if isinstance(account.service, Unavailable):
            return call_failed(account.service)
        if account.service is None:
            return _no_service(spec, account)
        return judge(spec, account, account.service)

    for finding in of_vpc_account(evidence, judge_account):
        yield replace(finding, subject=_service_subject(evidence))


def of_load_balancers(
    evidence: Evidence, judge: Callable[[Account, LoadBalancer], Finding]
) -> Iterator[Finding]:
    """One finding per load balancer of the endpoint service."""
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
    """One finding per target group to which a listener on port 443 forwards."""
    groups: list[tuple[LoadBalancer, TargetGroup]] = []

    def collect(_: Account, balancer: LoadBalancer) -> Finding:
        for part in (balancer.target_groups, balancer.listeners):
            if isinstance(part, Unavailable):
                return call_failed(part)
        groups.extend((balancer, group) for group in balancer.forwarded_groups)
        return unknown("no listener forwards port 443 to a target group")

    for finding in of_load_balancers(evidence, collect):
        if not groups:
            yield finding
        for balancer, group in groups:
            judged = judge(balancer, group)
            values = {"TARGET-GROUP-ARN": group.arn, "TARGET-GROUP": group.name, **judged.values}
            yield with_subject(evidence, replace(judged, values=values), group.name)
        groups.clear()


def of_vpcs(evidence: Evidence, judge: Callable[[Account, Vpc], Finding]) -> Iterator[Finding]:
    """One finding per VPC that has a load balancer of the endpoint service."""
    spec, account = evidence.spec, evidence.account
    if spec is None:
        return
    reason = _no_load_balancers(spec, account)
    if reason is None and account is not None and isinstance(account.vpcs, Unavailable):
        reason = call_failed(account.vpcs)
    if reason is not None or account is None or isinstance(account.vpcs, Unavailable):
        yield with_subject(evidence, reason or unknown(NO_ACCOUNT), _service_subject(evidence))
        return
    if not account.vpcs:
        yield with_subject(evidence, unknown("no VPC was found"), _service_subject(evidence))
    for vpc in account.vpcs:
        finding = judge(account, vpc)
        yield with_subject(evidence, replace(finding, values={"VPC-ID": vpc.id, **finding.values}), vpc.id)


def _no_load_balancers(spec: KeyStoreSpec, account: Account | None) -> Finding | None:
    """Why no load balancer can be judged; None if some can."""
    if spec.is_public:
        return not_applicable(PUBLIC)
    if account is None:
        return unknown(NO_ACCOUNT)
    service, balancers = account.service, account.load_balancers
    if isinstance(service, EndpointService) and not service.is_owner_view:
        return owner_only(account, service, "its load balancers")
    for part in (service, balancers):
        if isinstance(part, Unavailable):
            return call_failed(part)
    if service is None:
        return _no_service(spec, account)
    return None if balancers else unknown("the endpoint service has no Network Load Balancer")


def _no_service(spec: KeyStoreSpec, account: Account) -> Finding:
    """The finding without an endpoint service: no name is known, or AWS returned no service of that name."""
    if spec.service_name is None:
        return not_given(spec, account, "endpoint service", "--endpoint-service")
    return unknown("the endpoint service was not found")


def undiscovered_nodes(evidence: Evidence) -> Finding | None:
    """Why there may be nodes that are not in the evidence; None if all are known."""
    nodes = sum(target.role is Role.NODE for target in evidence.targets)
    reason = _undiscovered_load_balancers(evidence, given=nodes > 0)
    if reason is not None:
        return reason
    balancers = load_balancers_of(evidence)
    if nodes >= sum(len(each.zones) for each in balancers) > 0:
        return None
    for each in balancers:
        if isinstance(each.nodes, Unavailable) and not (nodes and all(zone.address for zone in each.zones)):
            return call_failed(each.nodes)
    return None


def undiscovered_targets(evidence: Evidence) -> Finding | None:
    """Why there may be NLB targets that are not in the evidence; None if all are known."""
    given = any(target.role is Role.BACKEND for target in evidence.targets)
    reason = _undiscovered_load_balancers(evidence, given=given)
    if reason is not None:
        return reason
    for each in load_balancers_of(evidence):
        for part in (each.target_groups, each.listeners, *(group.targets for group in each.forwarded_groups)):
            if isinstance(part, Unavailable):
                return call_failed(part)
    return None


def _undiscovered_load_balancers(evidence: Evidence, *, given: bool) -> Finding | None:
    """Why the load balancers of a store with VPC connectivity could not be read.

    None if they could, if the account was not to be read, or if the user has given the addresses (``given``).
    """
    spec = evidence.spec
    if Scope.ACCOUNT not in evidence.scopes or spec is None or spec.is_public or given:
        return None
    return _no_load_balancers(spec, evidence.account)


def load_balancers_of(evidence: Evidence) -> tuple[LoadBalancer, ...]:
    """The load balancers that could be read."""
    found = evidence.account.load_balancers if evidence.account else ()
    return known(found)


def call_failed(unavailable: Unavailable) -> Finding:
    """*Unknown*, with the IAM action to allow, or the reason why the call failed."""
    return unknown(f"{unavailable.call} failed: {unavailable.because}")


def not_given(spec: KeyStoreSpec, account: Account | None, what: str, option: str) -> Finding:
    """*Unknown*: names the option that supplies the value, and a failed call that would have returned it."""
    failed: list[Unavailable] = []
    if account is not None and spec.exists and isinstance(account.key_stores, Unavailable):
        failed.append(account.key_stores)
    if account is not None and isinstance(account.service, Unavailable):
        failed.append(account.service)
    because = "".join(f"; {call_failed(each).because}" for each in failed[:1])
    return unknown(f"no {what} is known: set {option}{because}")


def owner_only(account: Account, service: EndpointService, what: str) -> Finding:
    """*Unknown*: only the owner of the service can read it. Names the owner, or our own call that failed."""
    failed = failed_owner_call(account, service)
    if failed is not None:
        return call_failed(failed)
    account_id = f" (account {service.owner})" if service.owner else ""
    return unknown(f"only the owner of {service.id}{account_id} can read {what}: run the preflight there")


def failed_owner_call(account: Account, service: EndpointService) -> Unavailable | None:
    """The failed call that would show the owner's view of the service.

    None if it succeeded, or if another account is the owner.
    """
    if service.is_owner_view or not isinstance(account.services, Unavailable):
        return None
    is_ours = service.owner is None or isinstance(account.id, Unavailable) or service.owner == account.id
    return account.services if is_ours else None


def other_stores(spec: KeyStoreSpec, account: Account) -> tuple[KeyStore, ...] | Unavailable:
    """All key stores of the account except the one being judged."""
    if isinstance(account.key_stores, Unavailable):
        return account.key_stores
    return tuple(store for store in account.key_stores if store.id != spec.id)


def subject_of(spec: KeyStoreSpec) -> str:
    return spec.id or spec.name or "key store"


def with_subject(evidence: Evidence, finding: Finding, subject: str) -> Finding:
    """The finding with its subject, and the values for placeholders that any remedy may use."""
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
    """The known values for placeholders that any remedy may use."""
    spec, account = evidence.spec, evidence.account
    service = account.service if account else None
    known = {
        "REGION": spec.region if spec else None,
        "KEY-STORE-ID": spec.id if spec else None,
        "PRIVATE-DNS-NAME": spec.host if spec else None,
        "SERVICE-ID": service.id if isinstance(service, EndpointService) else None,
    }
    return {word: value for word, value in known.items() if value}
