from typing import Any

import pytest

from simulator.scenario.aws_section import OPERATIONS, AccountSection
from simulator.scenario.reader import read_account, read_scenario
from simulator.scenario.scenario import ScenarioError

NODES = [{"name": "n-1", "zone": "euc1-az1"}]


def mistakes(section: object) -> dict[str, str]:
    with pytest.raises(ScenarioError) as caught:
        read_account(section)
    return dict(line.split(": ", 1) for line in caught.value.mistakes)


@pytest.mark.parametrize("nothing", [{}, None])
def test_an_empty_section_is_a_healthy_account_with_one_store(nothing: object) -> None:
    assert read_account(nothing) == AccountSection(region="eu-central-1", key_stores=({},), delay_s=0.0)


def test_a_scenario_without_the_section_has_no_account() -> None:
    assert read_scenario("mine", {"nodes": NODES}).account is None
    assert read_scenario("mine", {"nodes": NODES, "account": {}}).account == AccountSection()


def test_all_keys_of_a_section_are_read() -> None:
    section = {
        "region": "us-gov-west-1",
        "service_owner": "444455556666",
        "key_stores": [],
        "delay": "250ms",
        "page_size": 1,
        "refused": {"*": "AccessDenied", "DescribeVpcs": "RequestLimitExceeded"},
        "answers": {"DescribeVpcs": {"Vpcs[*].OwnerId": None}},
    }
    assert read_account(section) == AccountSection(
        region="us-gov-west-1",
        service_owner="444455556666",
        key_stores=(),
        delay_s=0.25,
        page_size=1,
        refused={"*": "AccessDenied", "DescribeVpcs": "RequestLimitExceeded"},
        answers={"DescribeVpcs": {"Vpcs[*].OwnerId": None}},
    )


@pytest.mark.parametrize(
    ("section", "path"),
    [
        ([], "account"),
        ({"regoin": "eu-west-1"}, "account.regoin"),
        ({"region": "Frankfurt"}, "account.region"),
        ({"region": 3}, "account.region"),
        ({"service_owner": 444455556666}, "account.service_owner"),
        ({"key_stores": {}}, "account.key_stores"),
        ({"key_stores": [{}, 1]}, "account.key_stores[1]"),
        ({"key_stores": [{"a b": 1}]}, "account.key_stores[0]"),
        ({"delay": 3}, "account.delay"),
        ({"delay": "3min"}, "account.delay"),
        ({"page_size": 0}, "account.page_size"),
        ({"page_size": True}, "account.page_size"),
        ({"refused": []}, "account.refused"),
        ({"refused": {"DescribeVpc": "AccessDenied"}}, "account.refused.DescribeVpc"),
        ({"refused": {"*": "Access denied"}}, "account.refused.*"),
        ({"refused": {"*": None}}, "account.refused.*"),
        ({"answers": {"*": {}}}, "account.answers.*"),
        ({"answers": {"DescribeVpcs": []}}, "account.answers.DescribeVpcs"),
        ({"answers": {"DescribeVpcs": {"[0]": 1}}}, "account.answers.DescribeVpcs"),
    ],
)
def test_an_error_has_its_path(section: Any, path: str) -> None:
    assert list(mistakes(section)) == [path]


def test_all_errors_are_reported_at_once() -> None:
    with pytest.raises(ScenarioError) as caught:
        read_scenario("mine", {"account": {"delay": 1, "refused": {"X": 1}}})
    paths = [line.partition(": ")[0] for line in caught.value.mistakes]
    assert sorted(set(paths)) == ["account", "account.delay", "account.refused.X"]


def test_every_operation_is_in_botocore_s_model_of_its_service(models: Any) -> None:
    assert [name for name, service in OPERATIONS.items() if name not in models(service).operation_names] == []


def test_every_call_of_the_audit_can_be_changed() -> None:
    from probe.aws.calls import CALLS

    assert {(OPERATIONS.get(operation), operation) for _, operation in CALLS} == set(CALLS)


@pytest.fixture(scope="module")
def models() -> Any:
    import botocore.session

    return botocore.session.Session().get_service_model
