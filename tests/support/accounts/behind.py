"""Changes of a collected account: its targets are instances, or an Application Load Balancer with own targets."""

from typing import Any

from support.accounts.collected import GROUP, NLB, ZONES, answer

_Json = dict[str, Any]
INSTANCES = tuple(f"i-0a1b2c3d4e5f6a7b{n}" for n in (1, 2))
ALB = NLB.replace("loadbalancer/net/xks", "loadbalancer/app/front")
BEHIND_ALB = GROUP.replace("targetgroup/xks", "targetgroup/front")
AGENT = "10.0.9.9"  # this agent's own address


def registered(id_: str, state: str = "healthy", zone: str | None = None) -> _Json:
    target = {"Id": id_, "Port": 443} | ({"AvailabilityZone": zone} if zone else {})
    return {"Target": target, "TargetHealth": {"State": state}}


def add(document: _Json, service: str, operation: str, parameters: _Json, given: _Json) -> None:
    call = {"service": service, "operation": operation, "parameters": parameters}
    document["calls"].append(call | {"answer": given})


def by(**filters: list[str]) -> _Json:
    return {"Filters": [{"Name": n.replace("_", "-"), "Values": values} for n, values in filters.items()]}


def kind(document: _Json, target_type: str, *targets: _Json) -> None:
    answer(document, "DescribeTargetGroups")["TargetGroups"][0]["TargetType"] = target_type
    answer(document, "DescribeTargetHealth")["TargetHealthDescriptions"] = list(targets)


def with_instances(document: _Json, *subnets: str, groups: tuple[str, ...] = ()) -> _Json:
    """Two instances in these subnets (default: one per zone), with these security groups."""
    kind(document, "instance", *map(registered, INSTANCES))
    wanted = subnets or tuple(subnet for _, subnet, _ in ZONES.values())
    found = [
        {
            "InstanceId": id_,
            "SubnetId": subnet,
            "PrivateIpAddress": f"10.0.{n}.20",
            "SecurityGroups": [{"GroupId": each} for each in groups],
        }
        for n, (id_, subnet) in enumerate(zip(INSTANCES, wanted, strict=True), 1)
    ]
    reservations = [{"Instances": [one]} for one in found]
    add(document, "ec2", "DescribeInstances", by(instance_id=list(INSTANCES)), {"Reservations": reservations})
    return document


def with_alb(
    document: _Json,
    *states: str,
    zones: tuple[str, ...] = tuple(ZONES),
    state: str = "healthy",
    more_groups: tuple[tuple[str, ...], ...] = (),
) -> _Json:
    """An Application Load Balancer whose target group has targets in these states, one per state."""
    kind(document, "alb", registered(ALB, state))
    balancer = {
        "LoadBalancerArn": ALB,
        "Type": "application",
        "AvailabilityZones": [{"ZoneName": zone} for zone in zones],
    }
    add(
        document, "elbv2", "DescribeLoadBalancers", {"LoadBalancerArns": [ALB]}, {"LoadBalancers": [balancer]}
    )
    every = (states or ("healthy", "healthy"), *more_groups)
    arns = [BEHIND_ALB if n == 0 else f"{BEHIND_ALB}{n}" for n in range(len(every))]
    groups = [{"TargetGroupArn": arn, "TargetGroupName": "front", "TargetType": "ip"} for arn in arns]
    add(document, "elbv2", "DescribeTargetGroups", {"LoadBalancerArn": ALB}, {"TargetGroups": groups})
    for arn, of_group in zip(arns, every, strict=True):
        given = [registered(f"10.0.1.{n}", each) for n, each in enumerate(of_group, 50)]
        add(
            document,
            "elbv2",
            "DescribeTargetHealth",
            {"TargetGroupArn": arn},
            {"TargetHealthDescriptions": given},
        )
    return document


def security_group(id_: str, *cidrs: str, port: int = 443) -> _Json:
    ranges = [{"CidrIp": cidr} for cidr in cidrs]
    rule = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": ranges}
    return {"GroupId": id_, "IpPermissions": [rule] if cidrs else []}


def with_security_group(document: _Json, group: _Json, *, enforced: str = "off") -> _Json:
    """The load balancer has this security group; ``enforced`` on PrivateLink traffic: on or off."""
    (balancer,) = answer(document, "DescribeLoadBalancers")["LoadBalancers"]
    balancer["SecurityGroups"] = [group["GroupId"]]
    balancer["EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"] = enforced
    with_groups(document, group)
    return document


def with_groups(document: _Json, *groups: _Json) -> None:
    """The answer of DescribeSecurityGroups for exactly these groups."""
    ids = {"GroupIds": [each["GroupId"] for each in groups]}
    add(document, "ec2", "DescribeSecurityGroups", ids, {"SecurityGroups": list(groups)})


def preserving_client_addresses(document: _Json) -> _Json:
    attributes = answer(document, "DescribeTargetGroupAttributes")["Attributes"]
    attributes.append({"Key": "preserve_client_ip.enabled", "Value": "true"})
    return document
