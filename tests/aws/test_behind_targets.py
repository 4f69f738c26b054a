"""What the audit reads behind targets that are instances, load balancers, or see the client's address."""

from typing import Any

import pytest
from support.accounts.behind import (
    ALB,
    INSTANCES,
    add,
    by,
    kind,
    preserving_client_addresses,
    registered,
    security_group,
    with_alb,
    with_groups,
    with_instances,
)
from support.accounts.collected import REGION, SERVICE_NAME, answer, deny, healthy

from probe.aws.audit import audit
from probe.aws.behind_targets import MAX_ALBS, MAX_HOSTS
from probe.aws.collected_answers import CollectedAnswers, Recorder
from probe.model.account import Account, RegisteredTarget, Unavailable, known
from probe.model.store import KeyStoreSpec

_Json = dict[str, Any]


def audited(document: _Json) -> tuple[Account, list[_Json]]:
    """The account, and the calls that the audit made."""
    recorder = Recorder(CollectedAnswers(document))
    spec = KeyStoreSpec(region=REGION, service_name=SERVICE_NAME)
    return audit(recorder, spec, taken_at_s=1.0, timeout_s=100.0), recorder.calls


def targets_of(account: Account) -> tuple[RegisteredTarget, ...]:
    (balancer,) = known(account.load_balancers)
    (group,) = known(balancer.target_groups)
    return known(group.targets)


def test_an_instance_is_in_the_zone_of_its_subnet() -> None:
    account, _ = audited(with_instances(healthy()))
    assert account.failed_calls == ()
    assert [(each.zone, each.address) for each in targets_of(account)] == [
        ("eu-west-1a", "10.0.1.20"),
        ("eu-west-1b", "10.0.2.20"),
    ]


def test_without_subnets_the_load_balancers_zones_or_the_instances_placement_give_the_zone() -> None:
    document = with_instances(deny(healthy(), "DescribeSubnets"), "subnet-2", "subnet-9")
    (_, other) = answer(document, "DescribeInstances")["Reservations"]
    other["Instances"][0]["Placement"] = {"AvailabilityZone": "eu-west-1c"}
    account, _ = audited(document)
    assert [each.zone for each in targets_of(account)] == ["eu-west-1b", "eu-west-1c"]


def test_an_instance_that_aws_does_not_return_has_no_zone() -> None:
    document = with_instances(healthy())
    answer(document, "DescribeInstances")["Reservations"].pop()
    account, _ = audited(document)
    assert [(each.zone, each.unread) for each in targets_of(account)] == [("eu-west-1a", None), (None, None)]


def test_a_denied_call_is_the_reason_why_a_zone_is_missing() -> None:
    account, _ = audited(deny(with_instances(healthy()), "DescribeInstances"))
    for each in targets_of(account):
        assert each.zone is None
        assert isinstance(each.unread, Unavailable)
        assert each.unread.call == "ec2:DescribeInstances"


def test_the_security_groups_of_instances_are_read() -> None:
    document = with_instances(healthy(), groups=("sg-web",))
    with_groups(document, security_group("sg-web", "10.0.0.0/16"))
    account, _ = audited(document)
    assert account.failed_calls == ()
    assert [each.security_groups for each in targets_of(account)] == [("sg-web",)] * 2
    assert [each.id for each in known(account.security_groups)] == ["sg-web"]


def test_a_load_balancer_as_target_has_its_zones_and_its_own_targets() -> None:
    account, _ = audited(with_alb(healthy(), "healthy", "unhealthy"))
    assert account.failed_calls == ()
    (target,) = targets_of(account)
    assert target.balancer is not None
    assert [zone.zone for zone in target.balancer.zones] == ["eu-west-1a", "eu-west-1b"]
    (group,) = known(target.balancer.target_groups)
    assert [each.state for each in known(group.targets)] == ["healthy", "unhealthy"]


def test_a_load_balancer_that_may_not_be_described_is_not_there() -> None:
    document = with_alb(healthy())
    for call in document["calls"]:
        if call["parameters"].get("LoadBalancerArns") == [ALB]:
            del call["answer"]
            call["error"] = {"code": "AccessDenied", "message": "not authorized"}
    (target,) = targets_of(audited(document)[0])
    assert target.balancer is None
    assert target.unread is not None
    assert target.unread.call == "elasticloadbalancing:DescribeLoadBalancers"


def test_interfaces_are_read_only_where_targets_see_the_clients_address() -> None:
    addresses = ["192.168.1.5", "192.168.1.6"]
    interface = {
        "PrivateIpAddress": "10.0.1.7",
        "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.1.7"}, {"PrivateIpAddress": addresses[0]}],
        "Groups": [{"GroupId": "sg-web"}],
    }
    document = healthy()
    about = by(vpc_id=["vpc-1"], private_ip_address=addresses)
    add(document, "ec2", "DescribeNetworkInterfaces", about, {"NetworkInterfaces": [interface]})
    with_groups(document, security_group("sg-web"))
    without, calls = audited(document)
    assert len(calls) == len(healthy()["calls"])
    assert [each.security_groups for each in targets_of(without)] == [(), ()]
    account, _ = audited(preserving_client_addresses(document))
    assert account.failed_calls == ()
    assert [each.security_groups for each in targets_of(account)] == [("sg-web",), ()]


@pytest.mark.parametrize("count", [MAX_HOSTS, MAX_HOSTS + 1])
def test_at_most_so_many_instances_are_described(count: int) -> None:
    document = healthy()
    kind(document, "instance", *(registered(f"i-{n:017x}") for n in range(count)))
    _, calls = audited(document)
    (call,) = (each for each in calls if each["operation"] == "DescribeInstances")
    assert len(call["parameters"]["Filters"][0]["Values"]) == MAX_HOSTS


def test_at_most_so_many_load_balancers_are_described() -> None:
    document = healthy()
    kind(document, "alb", *(registered(f"{ALB}{n}") for n in range(MAX_ALBS + 1)))
    _, calls = audited(document)
    about = [
        each["parameters"]["LoadBalancerArns"] for each in calls if "LoadBalancerArns" in each["parameters"]
    ]
    assert [len(each) for each in about] == [1, MAX_ALBS]


def test_nothing_more_is_read_for_addresses() -> None:
    assert len(audited(healthy())[1]) == len(healthy()["calls"])
    assert INSTANCES[0] not in str(audited(healthy())[1])
