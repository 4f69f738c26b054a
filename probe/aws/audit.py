"""Reads the AWS account: makes all calls, in three dependent steps, and combines them into one Account.

1. The caller's identity, the key stores, this account's endpoint services. 2. The service's permissions,
connections and load balancers with their listeners, target groups and interfaces; or, for another account's
service, the consumer's view. 3. The targets' health, and the VPCs. The calls of a step run in parallel.
Only if targets are instances or load balancers, `behind_targets` makes up to two more steps. The last
step is one call for metrics.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from probe.aws import behind_targets, cloudwatch
from probe.aws.calls import Answer, AwsClient, action
from probe.aws.selection import selected_key_store, selected_service
from probe.aws.thread_batch import ThreadBatch
from probe.model.account import (
    KMS_PORT,
    Account,
    ApiErrorKind,
    EndpointConnection,
    EndpointService,
    Listener,
    LoadBalancer,
    Principal,
    SecurityGroup,
    TargetGroup,
    Unavailable,
    Vpc,
    known,
)
from probe.model.aws_metrics import AwsMetrics
from probe.model.store import KeyStoreSpec
from probe.wire import account as read
from probe.wire import account_network as read_network
from probe.wire.aws_metrics import aws_metrics

MAX_LOAD_BALANCERS = 16
MAX_TARGET_GROUPS = 32
_Value = TypeVar("_Value")
_Call = tuple[str, str, Mapping[str, Any]]


def audit(
    caller: AwsClient,
    spec: KeyStoreSpec,
    *,
    taken_at_s: float,
    timeout_s: float,
    batches: Callable[[float], ThreadBatch] = ThreadBatch,
) -> Account:
    """The account. Blocks for at most ``timeout_s``; parts that are not read by then are `Unavailable`.

    `selection.selected_service` chooses the endpoint service. ``batches(timeout_s)`` runs the calls.
    """
    return _Audit(caller, batches(timeout_s)).run(spec, taken_at_s)


class _Audit:
    """One audit in progress. Counts the calls and collects the failed ones."""

    def __init__(self, caller: AwsClient, batch: ThreadBatch) -> None:
        self._caller = caller
        self._batch = batch
        self._asked: list[str] = []
        self._failed: list[Unavailable] = []

    def run(self, spec: KeyStoreSpec, taken_at_s: float) -> Account:
        identity, stores_answer, own_answer = self._ask(
            ("sts", "GetCallerIdentity", {}),
            ("kms", "DescribeCustomKeyStores", {}),
            ("ec2", "DescribeVpcEndpointServiceConfigurations", {}),
        )
        stores = self._read(stores_answer, "CustomKeyStores", "kms:DescribeCustomKeyStores", read.key_store)
        own = self._read(own_answer, "ServiceConfigurations", action("ec2", _OWN_SERVICES), read.own_service)
        name = selected_service(spec, stores, own)
        service, principals, connections, balancers = self._service(name, own)
        balancers, vpcs, groups = self._behind(balancers)
        store = selected_key_store(spec, stores)
        metrics = self._metrics(store.id if store else spec.id, service, taken_at_s)
        return Account(
            region=self._caller.region,
            taken_at_s=taken_at_s,
            id=read.account_id(identity),
            key_stores=stores,
            service=_owned(service, read.account_id(identity)),
            services=own,
            principals=principals,
            connections=connections,
            load_balancers=balancers,
            vpcs=vpcs,
            security_groups=groups,
            metrics=metrics,
            endpoint_url=self._caller.endpoint_url,
            collected_at=self._caller.collected_at,
            calls=len(self._asked),
            asked=tuple(self._asked),
            failed_calls=tuple(self._failed),
        )

    def _service(
        self, name: str | None, own: tuple[EndpointService, ...] | Unavailable
    ) -> tuple[
        EndpointService | Unavailable | None,
        tuple[Principal, ...] | Unavailable,
        tuple[EndpointConnection, ...] | Unavailable,
        tuple[LoadBalancer, ...] | Unavailable,
    ]:
        """The service; if this account owns it, also its principals, connections and load balancers."""
        mine = next((each for each in known(own) if each.name == name), None)
        if name is None:
            missing = own if isinstance(own, Unavailable) else None
            return missing, (), (), ()
        if mine is None:
            return self._consumed(name, own), (), (), ()
        id_filter = {"Filters": [{"Name": "service-id", "Values": [mine.id]}]}
        arns = list(mine.load_balancer_arns[:MAX_LOAD_BALANCERS])
        permissions, endpoints, *answers = self._ask(
            ("ec2", "DescribeVpcEndpointServicePermissions", {"ServiceId": mine.id}),
            ("ec2", "DescribeVpcEndpointConnections", id_filter),
            *([("elbv2", "DescribeLoadBalancers", {"LoadBalancerArns": arns})] if arns else []),
            *(call for arn in arns for call in _about_balancer(arn)),
        )
        principals = self._read(permissions, "AllowedPrincipals", action("ec2", _PERMISSIONS), read.principal)
        connections = self._read(
            endpoints, "VpcEndpointConnections", "ec2:DescribeVpcEndpointConnections", read.connection
        )
        return mine, principals, connections, self._balancers(arns, answers)

    def _consumed(
        self, name: str, own: tuple[EndpointService, ...] | Unavailable
    ) -> EndpointService | Unavailable | None:
        """The consumer's view of the service; None if AWS finds no service of that name."""
        (answer,) = self._ask(("ec2", "DescribeVpcEndpointServices", {"ServiceNames": [name]}))
        if isinstance(answer, Unavailable) and answer.cause is ApiErrorKind.NOT_FOUND:
            return own if isinstance(own, Unavailable) else None
        found = self._read(answer, "ServiceDetails", "ec2:DescribeVpcEndpointServices", read.consumed_service)
        if isinstance(found, Unavailable):
            return own if isinstance(own, Unavailable) else found
        seen = next((each for each in found if each.name == name), None)
        return own if seen is None and isinstance(own, Unavailable) else seen

    def _balancers(
        self, arns: Sequence[str], answers: Sequence[Answer]
    ) -> tuple[LoadBalancer, ...] | Unavailable:
        if not arns:
            return ()
        named = "elasticloadbalancing:DescribeLoadBalancers"
        found = self._read(answers[0], "LoadBalancers", named, read.load_balancer)
        if isinstance(found, Unavailable):
            return found
        by_arn = {each.arn: each for each in found}
        per = _PER_BALANCER
        parts = {arn: answers[1 + n * per : 1 + (n + 1) * per] for n, arn in enumerate(arns)}
        return tuple(self._balancer(by_arn[arn], parts[arn]) for arn in arns if arn in by_arn)

    def _balancer(self, balancer: LoadBalancer, parts: Sequence[Answer]) -> LoadBalancer:
        attributes, listeners, groups, interfaces = parts
        elb = "elasticloadbalancing:Describe"
        return replace(
            balancer,
            attributes=read.attributes(attributes, f"{elb}LoadBalancerAttributes"),
            listeners=self._read(listeners, "Listeners", f"{elb}Listeners", read.listener),
            target_groups=self._read(groups, "TargetGroups", f"{elb}TargetGroups", read.target_group),
            nodes=read.each(
                interfaces, "NetworkInterfaces", "ec2:DescribeNetworkInterfaces", read.node, skips=True
            ),
        )

    def _behind(
        self, balancers: tuple[LoadBalancer, ...] | Unavailable
    ) -> tuple[
        tuple[LoadBalancer, ...] | Unavailable,
        tuple[Vpc, ...] | Unavailable,
        tuple[SecurityGroup, ...] | Unavailable,
    ]:
        """The load balancers with their targets, and their VPCs and security groups, read in parallel."""
        if isinstance(balancers, Unavailable):
            return balancers, balancers, balancers
        arns = [group.arn for each in balancers for group in _groups(each)][:MAX_TARGET_GROUPS]
        ids = list(dict.fromkeys(each.vpc_id for each in balancers if each.vpc_id))
        group_ids = list(dict.fromkeys(id_ for each in balancers for id_ in each.security_groups))
        about_targets, about_rules = _about_targets(arns), _about_rules(balancers)
        answers = self._ask(*about_targets, *about_rules, *_about_vpcs(ids, group_ids))
        of_targets, rest = answers[: len(about_targets)], answers[len(about_targets) :]
        rules = {call[2]["ListenerArn"]: answer for call, answer in zip(about_rules, rest, strict=False)}
        complete = self._with_targets(_as_ipv4_meets(balancers, rules), arns, of_targets)
        vpcs, security_groups = self._around(ids, group_ids, rest[len(about_rules) :])
        complete, of_hosts = behind_targets.completed(complete, _zones(complete, vpcs), self._ask)
        if not isinstance(security_groups, Unavailable):
            security_groups = tuple({each.id: each for each in (*security_groups, *of_hosts)}.values())
        return complete, vpcs, security_groups

    def _with_targets(
        self, balancers: Sequence[LoadBalancer], arns: Sequence[str], answers: Sequence[Answer]
    ) -> tuple[LoadBalancer, ...]:
        health = dict(zip(arns, answers[: len(arns)], strict=True))
        attributes = dict(zip(arns, answers[len(arns) :], strict=True))

        def completed(group: TargetGroup) -> TargetGroup:
            named = "elasticloadbalancing:DescribeTargetHealth"
            too_many = Unavailable(call=named, because="too many target groups", cause=ApiErrorKind.NOT_ASKED)
            return replace(
                group,
                targets=self._read(
                    health.get(group.arn, too_many), "TargetHealthDescriptions", named, read.registered_target
                ),
                attributes=read.attributes(
                    attributes.get(group.arn, too_many), action("elbv2", "DescribeTargetGroupAttributes")
                ),
            )

        return tuple(
            each
            if isinstance(each.target_groups, Unavailable)
            else replace(each, target_groups=tuple(map(completed, each.target_groups)))
            for each in balancers
        )

    def _around(
        self, ids: Sequence[str], group_ids: Sequence[str], answers: Sequence[Answer]
    ) -> tuple[tuple[Vpc, ...] | Unavailable, tuple[SecurityGroup, ...] | Unavailable]:
        """The VPCs and security groups of the load balancers."""
        if not ids:
            return (), ()
        rest = answers[2:] if group_ids else answers[1:]
        groups: tuple[SecurityGroup, ...] | Unavailable = ()
        if group_ids:
            named = "ec2:DescribeSecurityGroups"
            groups = self._read(answers[1], "SecurityGroups", named, read_network.security_group)
        found = self._read(answers[0], "Vpcs", "ec2:DescribeVpcs", read_network.vpc)
        known = {} if isinstance(found, Unavailable) else {each.id: each for each in found}
        cidrs = found if isinstance(found, Unavailable) else ()
        vpcs = tuple(
            self._vpc(known.get(id_, Vpc(id=id_, cidrs=cidrs)), rest[n * _PER_VPC : (n + 1) * _PER_VPC])
            for n, id_ in enumerate(ids)
        )
        return vpcs, groups

    def _vpc(self, vpc: Vpc, parts: Sequence[Answer]) -> Vpc:
        support, hostnames, subnets, tables, acls = parts
        return replace(
            vpc,
            dns_support=read_network.vpc_attribute(support, "EnableDnsSupport"),
            dns_hostnames=read_network.vpc_attribute(hostnames, "EnableDnsHostnames"),
            subnets=self._read(subnets, "Subnets", "ec2:DescribeSubnets", read_network.subnet),
            route_tables=self._read(
                tables, "RouteTables", "ec2:DescribeRouteTables", read_network.route_table
            ),
            network_acls=self._read(acls, "NetworkAcls", "ec2:DescribeNetworkAcls", read_network.network_acl),
        )

    def _metrics(
        self, store_id: str | None, service: EndpointService | Unavailable | None, now_s: float
    ) -> AwsMetrics | Unavailable | None:
        """Only the owner of an endpoint service gets its metrics. None if there is nothing to ask for."""
        own = service if isinstance(service, EndpointService) and service.is_owner_view else None
        call = cloudwatch.call(store_id, own.id if own else None, now_s)
        return aws_metrics(self._ask(call)[0]) if call else None

    def _ask(self, *calls: _Call) -> list[Answer]:
        """Makes the calls in parallel; the responses are in the order of the calls."""

        def one(call: _Call) -> Callable[[float], Answer]:
            return lambda left_s: self._caller.call(*call, left_s)

        on_timeout: list[Answer] = [
            Unavailable(
                call=action(*call[:2]), because="AWS did not respond in time", cause=ApiErrorKind.TIMED_OUT
            )
            for call in calls
        ]
        answers = self._batch.run([one(call) for call in calls], on_timeout)
        answers = [
            self._caller.last_refusal(*call[:2]) or answer if answer is too_late else answer
            for call, answer, too_late in zip(calls, answers, on_timeout, strict=True)
        ]
        self._asked += [action(*call[:2]) for call in calls]
        self._failed.extend(answer for answer in answers if isinstance(answer, Unavailable))
        return answers

    def _read(
        self, answer: Answer, key: str, named: str, one: Callable[[Mapping[str, Any]], _Value | None]
    ) -> tuple[_Value, ...] | Unavailable:
        return read.each(answer, key, named, one)


_OWN_SERVICES = "DescribeVpcEndpointServiceConfigurations"
_PERMISSIONS = "DescribeVpcEndpointServicePermissions"
_PER_BALANCER, _PER_VPC = 4, 5


def _about_balancer(arn: str) -> tuple[_Call, ...]:
    by_description = [{"Name": "description", "Values": [read.interface_description(arn)]}]
    return (
        ("elbv2", "DescribeLoadBalancerAttributes", {"LoadBalancerArn": arn}),
        ("elbv2", "DescribeListeners", {"LoadBalancerArn": arn}),
        ("elbv2", "DescribeTargetGroups", {"LoadBalancerArn": arn}),
        ("ec2", "DescribeNetworkInterfaces", {"Filters": by_description}),
    )


def _about_targets(arns: Sequence[str]) -> tuple[_Call, ...]:
    return (
        *(("elbv2", "DescribeTargetHealth", {"TargetGroupArn": arn}) for arn in arns),
        *(("elbv2", "DescribeTargetGroupAttributes", {"TargetGroupArn": arn}) for arn in arns),
    )


def _about_rules(balancers: Sequence[LoadBalancer]) -> tuple[_Call, ...]:
    """Only a dualstack load balancer can have rules."""
    return tuple(
        ("elbv2", "DescribeRules", {"ListenerArn": listener.arn})
        for each in balancers
        if each.address_type.lower() == "dualstack"
        for listener in known(each.listeners)
        if listener.port == KMS_PORT
    )


def _as_ipv4_meets(
    balancers: Sequence[LoadBalancer], rules: Mapping[str, Answer]
) -> tuple[LoadBalancer, ...]:
    """The load balancers with the target groups that IPv4 connections get; ``rules`` by listener."""

    def met(balancer: LoadBalancer) -> LoadBalancer:
        listeners: list[Listener] = []
        for each in known(balancer.listeners):
            answer = rules.get(each.arn)
            changed = (
                each if answer is None else read.for_ipv4(each, answer, action("elbv2", "DescribeRules"))
            )
            if isinstance(changed, Unavailable):
                return replace(balancer, listeners=changed)
            listeners.append(changed)
        return (
            balancer
            if isinstance(balancer.listeners, Unavailable)
            else replace(balancer, listeners=tuple(listeners))
        )

    return tuple(map(met, balancers))


def _about_vpcs(ids: Sequence[str], group_ids: Sequence[str]) -> tuple[_Call, ...]:
    if not ids:
        return ()
    return (
        ("ec2", "DescribeVpcs", {"VpcIds": list(ids)}),
        *([("ec2", "DescribeSecurityGroups", {"GroupIds": list(group_ids)})] if group_ids else []),
        *(call for id_ in ids for call in _about_vpc(id_)),
    )


def _about_vpc(id_: str) -> tuple[_Call, ...]:
    filters = {"Filters": [{"Name": "vpc-id", "Values": [id_]}]}
    return (
        ("ec2", "DescribeVpcAttribute", {"VpcId": id_, "Attribute": "enableDnsSupport"}),
        ("ec2", "DescribeVpcAttribute", {"VpcId": id_, "Attribute": "enableDnsHostnames"}),
        ("ec2", "DescribeSubnets", filters),
        ("ec2", "DescribeRouteTables", filters),
        ("ec2", "DescribeNetworkAcls", filters),
    )


def _zones(balancers: tuple[LoadBalancer, ...], vpcs: tuple[Vpc, ...] | Unavailable) -> Mapping[str, str]:
    """The zone of each subnet, by the VPCs and by the load balancers."""
    by_balancer = {zone.subnet_id: zone.zone for each in balancers for zone in each.zones}
    return by_balancer | {subnet.id: subnet.zone for vpc in known(vpcs) for subnet in known(vpc.subnets)}


def _groups(balancer: LoadBalancer) -> tuple[TargetGroup, ...]:
    return known(balancer.target_groups)


def _owned(
    service: EndpointService | Unavailable | None, account: str | Unavailable
) -> EndpointService | Unavailable | None:
    """Adds the owner to the owner's view, in which AWS omits it: it is the calling account."""
    if isinstance(service, EndpointService) and service.is_owner_view and isinstance(account, str):
        return replace(service, owner=account)
    return service
