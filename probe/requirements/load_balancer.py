"""The Network Load Balancers behind the endpoint service."""

from collections.abc import Iterable
from dataclasses import replace

from probe.model.account import (
    KMS_PORT,
    Account,
    Listener,
    LoadBalancer,
    SecurityGroup,
    Unavailable,
    known,
)
from probe.model.evidence import Evidence
from probe.model.verdicts import KmsStep, Level, Outcome, Remedy, Scope, Trait
from probe.requirements.declare import Finding, met, requirement, unknown, violated
from probe.requirements.evidence.account import call_failed, of_load_balancers
from probe.requirements.evidence.security_groups import admit_everyone, rules_for
from probe.requirements.kms_errors import account as account_errors
from probe.requirements.kms_errors import path as path_errors
from probe.requirements.wording import listed, quoted

_CONSOLE = "EC2 > Load Balancers > LOAD-BALANCER"
_DESCRIBE = "aws elbv2 describe-load-balancers --region REGION --load-balancer-arns LOAD-BALANCER-ARN"
_LISTENERS = "aws elbv2 describe-listeners --region REGION --load-balancer-arn LOAD-BALANCER-ARN"
_FORWARDING = frozenset({"TCP", "TLS", "TCP_UDP", "TCP_QUIC"})


@requirement(
    level=Level.REQUIRED,
    scope=Scope.ACCOUNT,
    step=KmsStep.NETWORK,
    errors=account_errors.NO_PATH_IN,
    traits={Trait.CONFIGURED_PATH, Trait.ONE_SUFFICES},
    source=path_errors.VPC_CONNECTIVITY,
    remedy=Remedy(
        text="Wait until the load balancer is active. If it has failed, create a new one.",
        console=_CONSOLE,
        cli=_DESCRIBE,
    ),
)
def load_balancer_is_active(evidence: Evidence) -> Iterable[Finding]:
    """The load balancer is active.

    A load balancer that is being created, or could not be created, forwards nothing. PrivateLink offers only
    active ones for a new endpoint service.
    """

    def judge(_: Account, balancer: LoadBalancer) -> Finding:
        match balancer.state.lower():
            case "active":
                return met("active")
            case "":
                return unknown("AWS returned no state")
            case "active_impaired":
                return unknown("active_impaired: it forwards traffic, but lacks the resources to scale")
            case _:
                return violated(f"its state is {quoted(balancer.state)}")

    yield from of_load_balancers(evidence, judge)


@requirement(
    level=Level.REQUIRED,
    scope=Scope.ACCOUNT,
    step=KmsStep.NETWORK,
    errors=account_errors.NO_PATH_IN,
    traits={Trait.CONFIGURED_PATH, Trait.ONE_SUFFICES},
    source=path_errors.VPC_CONNECTIVITY,
    remedy=Remedy(
        text="Set the IP address type of the load balancer to ipv4 or dualstack.",
        console=f"{_CONSOLE} > Actions > Edit IP address type",
        cli="aws elbv2 set-ip-address-type --region REGION --load-balancer-arn LOAD-BALANCER-ARN "
        "--ip-address-type ipv4",
    ),
)
def load_balancer_has_ipv4(evidence: Evidence) -> Iterable[Finding]:
    """The load balancer has IPv4 addresses.

    KMS reaches it only over IPv4. Additional IPv6 addresses (dualstack) do no harm, neither on the load
    balancer nor on the endpoint service.
    """

    def judge(_: Account, balancer: LoadBalancer) -> Finding:
        if not balancer.address_type:
            return unknown("AWS returned no IP address type")
        if balancer.address_type.lower() in {"ipv4", "dualstack"}:
            return met(balancer.address_type)
        return violated(f"its IP address type is {quoted(balancer.address_type)}")

    yield from of_load_balancers(evidence, judge)


@requirement(
    level=Level.REQUIRED,
    scope=Scope.ACCOUNT,
    step=KmsStep.NETWORK,
    errors=account_errors.NO_PATH_IN,
    traits={Trait.CONFIGURED_PATH, Trait.ONE_SUFFICES, Trait.MET_IF_SEEN},
    source=path_errors.VPC_CONNECTIVITY,
    remedy=Remedy(
        text="Add a listener for TCP (or TLS) on port 443 that forwards to the proxy's target group.",
        console=f"{_CONSOLE} > Listeners > Add listener",
        cli="aws elbv2 create-listener --region REGION --load-balancer-arn LOAD-BALANCER-ARN "
        "--protocol TCP --port 443 --default-actions Type=forward,TargetGroupArn=TARGET-GROUP-ARN",
    ),
)
def listener_forwards_443(evidence: Evidence) -> Iterable[Finding]:
    """A listener on port 443, for TCP or TLS, forwards to a target group.

    KMS uses no other port. A TLS listener is allowed as well; KMS then sees the certificate of the load
    balancer.
    """

    def judge(_: Account, balancer: LoadBalancer) -> Finding:
        if isinstance(balancer.listeners, Unavailable):
            return call_failed(balancer.listeners)
        on_443 = tuple(each for each in balancer.listeners if each.port == KMS_PORT)
        if not on_443:
            ports = tuple(str(each.port) for each in balancer.listeners)
            found = violated(f"no listener on port 443 (its ports: {', '.join(ports) or 'none'})")
            return _with_group(found, balancer)
        found = _forwarding(on_443)
        if found.outcome is not Outcome.VIOLATED:
            return found
        is_idle = any(each.idle_target_group_arns for each in on_443)
        text = _GIVE_WEIGHT if is_idle else _FIX_LISTENER.text
        return replace(found, remedy=replace(_FIX_LISTENER, text=text))

    yield from of_load_balancers(evidence, judge)


_FIX_LISTENER = Remedy(
    text="Set the protocol of the listener on port 443 to TCP (or TLS), and forward to the proxy's target "
    "group.",
    console=f"{_CONSOLE} > Listeners > Edit listener",
    cli=_LISTENERS,
)


_GIVE_WEIGHT = "Give the proxy's target group a weight above 0 in the action of the listener on port 443."


def _with_group(found: Finding, balancer: LoadBalancer) -> Finding:
    """With a command that names the only target group; with several or none, a command that lists them."""
    groups = known(balancer.target_groups)
    if len(groups) == 1:
        return replace(found, values={"TARGET-GROUP-ARN": groups[0].arn})
    list_groups = "aws elbv2 describe-target-groups --region REGION"
    return replace(found, remedy=replace(listener_forwards_443.remedy, cli=list_groups))


def _forwarding(listeners: tuple[Listener, ...]) -> Finding:
    usable = tuple(each for each in listeners if each.protocol.upper() in _FORWARDING)
    if not usable:
        return violated(f"the listener on port 443 is of type {listed(tuple(x.protocol for x in listeners))}")
    if not any(each.target_group_arns for each in usable):
        idle = any(each.idle_target_group_arns for each in usable)
        to = "only to target groups of weight 0, which get no connection" if idle else "to no target group"
        return violated(f"the listener on port 443 forwards {to}")
    return met(f"{usable[0].protocol} 443 forwards to a target group")


@requirement(
    level=Level.RISK,
    scope=Scope.ACCOUNT,
    step=KmsStep.NETWORK,
    errors=path_errors.AT_TIMES_NOT_REACHABLE,
    source=account_errors.SECURITY_GROUPS,
    remedy=Remedy(
        text="Turn off the enforcement of inbound rules on PrivateLink traffic, or allow TCP 443 from "
        "anywhere: KMS's addresses are not published.",
        console=f"{_CONSOLE} > Security > Edit > Enforce inbound rules on PrivateLink traffic",
        cli="aws elbv2 set-security-groups --region REGION --load-balancer-arn LOAD-BALANCER-ARN "
        "--security-groups SECURITY-GROUPS "
        "--enforce-security-group-inbound-rules-on-private-link-traffic off",
    ),
)
def load_balancer_admits_privatelink_traffic(evidence: Evidence) -> Iterable[Finding]:
    """The load balancer's security groups allow connections through PrivateLink.

    Unless enforcement on PrivateLink traffic is off, inbound rules see the addresses of KMS's own VPC, which
    are not published. So rules can allow an agent in your VPC and still block KMS.
    """

    def judge(account: Account, balancer: LoadBalancer) -> Finding:
        if not balancer.security_groups:
            return met("it has no security group")
        if balancer.enforces_inbound_rules is False:
            return met("its inbound rules are not enforced on PrivateLink traffic")
        if isinstance(account.security_groups, Unavailable):
            return call_failed(account.security_groups)
        found = tuple(g for g in account.security_groups if g.id in balancer.security_groups)
        if len(found) < len(set(balancer.security_groups)):
            return unknown(f"its security groups {listed(balancer.security_groups)} were not all found")
        return _admission(found)

    yield from of_load_balancers(evidence, judge)


def _admission(groups: tuple[SecurityGroup, ...]) -> Finding:
    rules = rules_for(groups, KMS_PORT)
    if admit_everyone(rules):
        return met("its security groups allow TCP 443 from anywhere")
    lists = tuple(dict.fromkeys(each for rule in rules for each in rule.others if each.startswith("pl-")))
    if lists:
        return unknown(f"TCP 443 is allowed from the prefix list {listed(lists)}, whose ranges are not known")
    if not rules:
        because = "its security groups do not allow TCP 443, and are enforced on PrivateLink traffic"
    else:
        ranges = tuple(dict.fromkeys(cidr for rule in rules for cidr in (*rule.cidrs, *rule.others)))
        because = f"TCP 443 is allowed only from {listed(ranges)}, and KMS's addresses are not known"
    values = {f"SECURITY-GROUP-{n}": group.id for n, group in enumerate(groups)}
    declared = load_balancer_admits_privatelink_traffic.remedy
    remedy = replace(declared, cli=declared.cli.replace("SECURITY-GROUPS", " ".join(values)))
    return replace(violated(because), values=values, remedy=remedy)


@requirement(
    level=Level.ADVICE,
    scope=Scope.ACCOUNT,
    source=path_errors.VPC_CONNECTIVITY,
    remedy=Remedy(
        text="Replace it by an internal load balancer: the proxy needs no public address.",
        console=_CONSOLE,
        cli=_DESCRIBE,
    ),
)
def load_balancer_is_internal(evidence: Evidence) -> Iterable[Finding]:
    """The load balancer is internal.

    Only PrivateLink and the VPC need to reach the proxy. An internet-facing load balancer works as well, but
    exposes the proxy to the internet.
    """

    def judge(_: Account, balancer: LoadBalancer) -> Finding:
        if not balancer.scheme:
            return unknown("AWS returned no scheme")
        if balancer.scheme == "internal":
            return met("internal")
        return violated(f"its scheme is {quoted(balancer.scheme)}")

    yield from of_load_balancers(evidence, judge)
