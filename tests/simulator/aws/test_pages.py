from typing import Any

import pytest

from simulator.aws.pages import page_of, without_paging
from simulator.aws.protocol import AwsError

EC2 = frozenset({"NextToken", "MaxResults", "Filters"})
ANSWER = {"Subnets": [1, 2, 3], "Other": "x"}


def test_a_response_is_complete_unless_a_limit_is_given() -> None:
    assert page_of("ec2", EC2, ANSWER, {}, None) == ANSWER
    assert page_of("ec2", EC2, ANSWER, {"MaxResults": 3}, None) == ANSWER  # at the limit


def test_pages_are_linked_by_their_tokens() -> None:
    parameters: dict[str, Any] = {"MaxResults": 2}
    first = page_of("ec2", EC2, ANSWER, parameters, None)
    last = page_of("ec2", EC2, ANSWER, {**parameters, "NextToken": first["NextToken"]}, None)
    assert first["Subnets"] == [1, 2]
    assert last == {"Subnets": [3], "Other": "x"}


def test_the_smaller_limit_applies() -> None:
    assert page_of("ec2", EC2, ANSWER, {"MaxResults": 2}, 1)["Subnets"] == [1]
    assert page_of("ec2", EC2, ANSWER, {"MaxResults": 1}, 2)["Subnets"] == [1]


def test_kms_responses_have_the_truncated_flag() -> None:
    members = frozenset({"Limit", "Marker"})
    first = page_of("kms", members, {"CustomKeyStores": [1, 2]}, {"Limit": 1}, None)
    last = page_of(
        "kms", members, {"CustomKeyStores": [1, 2]}, {"Limit": 1, "Marker": first["NextMarker"]}, None
    )
    assert (first["Truncated"], last) == (True, {"CustomKeyStores": [2], "Truncated": False})


def test_elb_responses_use_markers() -> None:
    members = frozenset({"PageSize", "Marker"})
    page = page_of("elbv2", members, {"Listeners": [1, 2]}, {}, 1)
    assert page == {"Listeners": [1], "NextMarker": "1"}


@pytest.mark.parametrize(
    ("service", "members"), [("ec2", {"VpcId"}), ("sts", set()), ("elbv2", {"TargetGroupArn"})]
)
def test_an_operation_without_paging_is_not_split(service: str, members: set[str]) -> None:
    assert page_of(service, frozenset(members), ANSWER, {}, 1) == ANSWER


@pytest.mark.parametrize("token", ["x", "-1", "1e3", "²", "9" * 30])
def test_an_invalid_token_is_rejected(token: str) -> None:
    with pytest.raises(AwsError, match="InvalidNextToken"):
        page_of("ec2", EC2, ANSWER, {"NextToken": token}, None)


def test_a_token_in_the_original_response_stays() -> None:
    """This allows simulating an endless response."""
    assert page_of("ec2", EC2, {**ANSWER, "NextToken": "0"}, {"NextToken": "0"}, None)["NextToken"] == "0"


def test_paging_parameters_are_removed_from_the_request() -> None:
    parameters = {"MaxResults": 5, "NextToken": "5", "Filters": []}
    assert without_paging("ec2", parameters) == {"Filters": []}
    assert without_paging("sts", parameters) == parameters
