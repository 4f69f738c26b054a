from typing import Any

import pytest

from simulator.aws.pages import page_of, without_paging
from simulator.aws.protocol import AwsError

EC2 = frozenset({"NextToken", "MaxResults", "Filters"})
ANSWER = {"Subnets": [1, 2, 3], "Other": "x"}


def test_an_answer_is_whole_unless_less_is_asked() -> None:
    assert page_of("ec2", EC2, ANSWER, {}, None) == ANSWER
    assert page_of("ec2", EC2, ANSWER, {"MaxResults": 3}, None) == ANSWER  # at the limit


def test_pages_follow_each_other_by_their_tokens() -> None:
    asked: dict[str, Any] = {"MaxResults": 2}
    first = page_of("ec2", EC2, ANSWER, asked, None)
    last = page_of("ec2", EC2, ANSWER, {**asked, "NextToken": first["NextToken"]}, None)
    assert first["Subnets"] == [1, 2]
    assert last == {"Subnets": [3], "Other": "x"}


def test_the_smaller_of_both_limits_counts() -> None:
    assert page_of("ec2", EC2, ANSWER, {"MaxResults": 2}, 1)["Subnets"] == [1]
    assert page_of("ec2", EC2, ANSWER, {"MaxResults": 1}, 2)["Subnets"] == [1]


def test_key_management_says_whether_there_is_more() -> None:
    members = frozenset({"Limit", "Marker"})
    first = page_of("kms", members, {"CustomKeyStores": [1, 2]}, {"Limit": 1}, None)
    last = page_of(
        "kms", members, {"CustomKeyStores": [1, 2]}, {"Limit": 1, "Marker": first["NextMarker"]}, None
    )
    assert (first["Truncated"], last) == (True, {"CustomKeyStores": [2], "Truncated": False})


def test_load_balancers_have_markers() -> None:
    members = frozenset({"PageSize", "Marker"})
    page = page_of("elbv2", members, {"Listeners": [1, 2]}, {}, 1)
    assert page == {"Listeners": [1], "NextMarker": "1"}


@pytest.mark.parametrize(
    ("service", "members"), [("ec2", {"VpcId"}), ("sts", set()), ("elbv2", {"TargetGroupArn"})]
)
def test_an_operation_without_pages_has_none(service: str, members: set[str]) -> None:
    assert page_of(service, frozenset(members), ANSWER, {}, 1) == ANSWER


@pytest.mark.parametrize("token", ["x", "-1", "1e3", "²", "9" * 30])
def test_a_token_of_no_page_is_refused(token: str) -> None:
    with pytest.raises(AwsError, match="InvalidNextToken"):
        page_of("ec2", EC2, ANSWER, {"NextToken": token}, None)


def test_a_token_that_the_answer_has_itself_stays() -> None:
    """So can an answer be played that never ends."""
    assert page_of("ec2", EC2, {**ANSWER, "NextToken": "0"}, {"NextToken": "0"}, None)["NextToken"] == "0"


def test_the_whole_is_asked_for() -> None:
    asked = {"MaxResults": 5, "NextToken": "5", "Filters": []}
    assert without_paging("ec2", asked) == {"Filters": []}
    assert without_paging("sts", asked) == asked
