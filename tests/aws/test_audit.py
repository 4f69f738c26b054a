"""The audit of collected responses, and with denied, slow or missing responses."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from support.accounts.behind import with_instances
from support.accounts.collected import (
    GROUP,
    HOST,
    NLB,
    OWN,
    REGION,
    SERVICE_NAME,
    STORE_ID,
    answer,
    call,
    deny,
    healthy,
    with_rules,
)

from probe.aws.audit import MAX_TARGET_GROUPS, audit
from probe.aws.calls import CALLS, READING_VERBS, Answer, action
from probe.aws.collected_answers import CollectedAnswers, Recorder
from probe.aws.failures import refused
from probe.aws.thread_batch import MAX_CONCURRENT_CALLS, ThreadBatch
from probe.model.account import Account, ApiErrorKind, EndpointService, Unavailable
from probe.model.store import KeyStoreSpec


def audited(
    document: dict[str, Any],
    service_name: str | None = SERVICE_NAME,
    batches: Callable[[float], ThreadBatch] = ThreadBatch,
    **settings: Any,
) -> Account:
    return audit(
        CollectedAnswers(document),
        replace(KeyStoreSpec(region=REGION, service_name=service_name), **settings),
        taken_at_s=1.0,
        timeout_s=100.0,
        batches=batches,
    )


def test_a_healthy_account_is_read_completely() -> None:
    account = audited(healthy())
    assert account.failed_calls == ()
    assert account.id == OWN
    assert isinstance(account.service, EndpointService)
    assert (account.service.private_dns_name, account.service.owner) == (HOST, OWN)
    assert isinstance(account.load_balancers, tuple)
    (balancer,) = account.load_balancers
    assert (balancer.name, balancer.arn) == ("net/xks", NLB)
    assert [node.address for node in balancer.nodes] == ["10.0.1.10", "10.0.2.10"]  # type: ignore[union-attr]
    (group,) = balancer.target_groups  # type: ignore[misc]
    assert group.arn == GROUP
    assert [each.state for each in group.targets] == ["healthy", "healthy"]  # type: ignore[union-attr]
    (vpc,) = account.vpcs  # type: ignore[misc]
    assert (vpc.cidrs, vpc.dns_support, vpc.dns_hostnames) == (("10.0.0.0/16",), True, True)
    assert account.calls == len(healthy()["calls"])


def test_an_ordinary_account_needs_four_steps_of_parallel_calls() -> None:
    steps: list[int] = []

    class Counted(ThreadBatch):
        def run(self, calls: Sequence[Any], on_timeout: Sequence[Any]) -> list[Any]:
            steps.append(len(calls))
            return super().run(calls, on_timeout)

    assert audited(healthy(), batches=Counted).failed_calls == ()
    assert len(steps) == 4
    assert (
        max(steps) < MAX_CONCURRENT_CALLS
    )  # there is one more call if the load balancer has security groups


def test_without_a_service_name_the_key_stores_service_is_read() -> None:
    account = audited(healthy(), None, id=STORE_ID)
    assert isinstance(account.service, EndpointService)


def test_without_any_name_the_only_store_is_selected_and_an_unknown_name_gives_no_service() -> None:
    account = audited(healthy(), None)
    assert isinstance(account.service, EndpointService)
    assert account.service.name == SERVICE_NAME
    assert audited(healthy(), None, uri_endpoint="https://other.example.com").service is None


@pytest.mark.parametrize(
    "operation",
    sorted({operation for _, operation in CALLS} - {"DescribeVpcEndpointServices", "DescribeSecurityGroups"}),
)
def test_a_denied_call_is_reported_with_its_iam_action(operation: str) -> None:
    account = audited(deny(with_instances(with_rules(healthy())), operation))
    assert {each.call.partition(":")[2] for each in account.failed_calls} >= {operation}
    assert all(
        each.cause in (ApiErrorKind.ACCESS_DENIED, ApiErrorKind.NOT_ASKED) for each in account.failed_calls
    )
    assert "allow the IAM action" in account.failed_calls[0].because


def test_without_any_permission_all_parts_are_unavailable_and_not_empty() -> None:
    account = audited(deny(healthy()))
    for part in (account.id, account.key_stores, account.service, account.services):
        assert isinstance(part, Unavailable)


def test_a_service_that_neither_view_lists_does_not_exist() -> None:
    document = healthy()
    answer(document, "DescribeVpcEndpointServiceConfigurations")["ServiceConfigurations"] = []
    document["calls"].append(
        {
            "service": "ec2",
            "operation": "DescribeVpcEndpointServices",
            "parameters": {"ServiceNames": [SERVICE_NAME]},
            "error": {"code": "InvalidServiceName", "message": "does not exist"},
        }
    )
    assert audited(document).service is None


@pytest.mark.parametrize(
    "as_consumer",
    [
        {"error": {"code": "InvalidServiceName", "message": "does not exist"}},
        {"error": {"code": "UnauthorizedOperation", "message": "not authorized"}},
        {"answer": {"ServiceNames": [], "ServiceDetails": []}},
    ],
    ids=["the service does not exist", "denied", "empty"],
)
def test_a_service_is_not_reported_missing_if_the_owners_view_is_denied(
    as_consumer: dict[str, Any],
) -> None:
    document = deny(healthy(), "DescribeVpcEndpointServiceConfigurations")
    consumer_call = {"service": "ec2", "operation": "DescribeVpcEndpointServices"}
    document["calls"].append(consumer_call | {"parameters": {"ServiceNames": [SERVICE_NAME]}} | as_consumer)
    service = audited(document).service
    assert isinstance(service, Unavailable)
    assert (service.call, service.cause) == (
        "ec2:DescribeVpcEndpointServiceConfigurations",
        ApiErrorKind.ACCESS_DENIED,
    )


@pytest.mark.parametrize("beyond", [0, 1])
def test_target_groups_beyond_32_are_not_requested_and_are_reported_as_not_requested(beyond: int) -> None:
    document = healthy()
    (group,) = answer(document, "DescribeTargetGroups")["TargetGroups"]
    arns = [f"{GROUP[:-4]}{n:04}" for n in range(MAX_TARGET_GROUPS + beyond)]
    answer(document, "DescribeTargetGroups")["TargetGroups"] = [{**group, "TargetGroupArn": a} for a in arns]
    for operation in ("DescribeTargetHealth", "DescribeTargetGroupAttributes"):
        one = call(document, operation)
        document["calls"] += [{**one, "parameters": {"TargetGroupArn": arn}} for arn in arns]
    recorder = Recorder(CollectedAnswers(document))
    account = audit(
        recorder, KeyStoreSpec(region=REGION, service_name=SERVICE_NAME), taken_at_s=1.0, timeout_s=5.0
    )
    requested = [each for each in recorder.calls if each["operation"] == "DescribeTargetHealth"]
    assert len(requested) == MAX_TARGET_GROUPS == 32
    (balancer,) = account.load_balancers  # type: ignore[misc]
    left = [each for each in balancer.target_groups if isinstance(each.targets, Unavailable)]  # type: ignore[union-attr]
    assert [each.arn for each in left] == arns[32:]
    assert all(each.targets.cause is each.attributes.cause is ApiErrorKind.NOT_ASKED for each in left)  # type: ignore[union-attr]


def test_another_accounts_service_is_read_in_the_consumers_view() -> None:
    document = healthy()
    answer(document, "DescribeVpcEndpointServiceConfigurations")["ServiceConfigurations"] = []
    details = {
        "ServiceName": SERVICE_NAME,
        "Owner": "444455556666",
        "ServiceType": [{"ServiceType": "Interface"}],
    }
    document["calls"].append(
        {
            "service": "ec2",
            "operation": "DescribeVpcEndpointServices",
            "parameters": {"ServiceNames": [SERVICE_NAME]},
            "answer": {"ServiceNames": [SERVICE_NAME], "ServiceDetails": [details]},
        }
    )
    service = audited(document).service
    assert isinstance(service, EndpointService)
    assert (service.is_owner_view, service.owner) == (False, "444455556666")


def test_a_missing_list_is_unavailable_and_not_empty() -> None:
    document = healthy()
    answer(document, "DescribeCustomKeyStores").clear()
    stores = audited(document).key_stores
    assert isinstance(stores, Unavailable)
    assert stores.cause is ApiErrorKind.MALFORMED_RESPONSE


@dataclass
class Slow:
    """Forwards calls; some of them hang."""

    inner: CollectedAnswers
    hangs: frozenset[str] = frozenset()
    throttled: frozenset[str] = frozenset()
    region: str = "eu-west-1"
    endpoint_url: str | None = None
    collected_at: str | None = None
    never: threading.Event = field(default_factory=threading.Event)

    def last_refusal(self, service: str, operation: str) -> Unavailable | None:
        return refused(action(service, operation), "Throttling") if operation in self.throttled else None

    def call(self, service: str, operation: str, parameters: Mapping[str, Any], timeout_s: float) -> Answer:
        if operation in self.hangs:
            self.never.wait(30)
        return self.inner.call(service, operation, parameters, timeout_s)


def test_a_call_that_was_throttled_until_the_deadline_is_reported_as_throttled() -> None:
    hangs = frozenset({"DescribeListeners", "DescribeTargetGroups"})
    slow = Slow(CollectedAnswers(healthy()), hangs=hangs, throttled=frozenset({"DescribeListeners"}))
    account = audit(
        slow, KeyStoreSpec(region=REGION, service_name=SERVICE_NAME), taken_at_s=0.0, timeout_s=0.2
    )
    slow.never.set()
    (balancer,) = account.load_balancers  # type: ignore[misc]
    assert (balancer.listeners.cause, balancer.target_groups.cause) == (
        ApiErrorKind.THROTTLED,
        ApiErrorKind.TIMED_OUT,
    )


def test_a_hanging_call_does_not_delay_the_audit_beyond_its_deadline() -> None:
    slow = Slow(CollectedAnswers(healthy()), hangs=frozenset({"DescribeListeners"}))
    started_s = time.monotonic()
    account = audit(
        slow, KeyStoreSpec(region=REGION, service_name=SERVICE_NAME), taken_at_s=0.0, timeout_s=0.2
    )
    assert time.monotonic() - started_s < 25.0  # the call itself would take 30 s
    slow.never.set()
    (balancer,) = account.load_balancers  # type: ignore[misc]
    assert isinstance(balancer.listeners, Unavailable)
    assert balancer.listeners.cause is ApiErrorKind.TIMED_OUT


def test_a_recording_gives_the_same_account_as_the_original() -> None:
    recorder = Recorder(CollectedAnswers(healthy()))
    first = audit(
        recorder, KeyStoreSpec(region=REGION, service_name=SERVICE_NAME), taken_at_s=1.0, timeout_s=100.0
    )
    assert audited(recorder.document("2026-11-24T12:00:00Z")) == first


def test_all_calls_of_the_audit_are_read_only() -> None:
    for service, operation in CALLS:
        assert operation.startswith(READING_VERBS), action(service, operation)


def test_the_audit_makes_every_call_in_the_table() -> None:
    document = with_instances(with_rules(healthy()))
    answer(document, "DescribeLoadBalancers")["LoadBalancers"][0]["SecurityGroups"] = ["sg-1"]
    recorder = Recorder(CollectedAnswers(document))
    for name in (SERVICE_NAME, "com.amazonaws.vpce.eu-west-1.vpce-svc-ffff"):
        audit(recorder, KeyStoreSpec(region=REGION, service_name=name), taken_at_s=1.0, timeout_s=100.0)
    assert {(each["service"], each["operation"]) for each in recorder.calls} == set(CALLS)
