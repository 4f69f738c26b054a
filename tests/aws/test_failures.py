"""AWS error codes mapped to kinds of errors, with the IAM action of a denied call."""

import pytest

from probe.aws.failures import denied_by, refused
from probe.model.account import ApiErrorKind


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("AccessDenied", ApiErrorKind.ACCESS_DENIED),
        ("AccessDeniedException", ApiErrorKind.ACCESS_DENIED),
        ("UnauthorizedOperation", ApiErrorKind.ACCESS_DENIED),
        ("Throttling", ApiErrorKind.THROTTLED),
        ("ThrottlingException", ApiErrorKind.THROTTLED),
        ("RequestLimitExceeded", ApiErrorKind.THROTTLED),
        ("OptInRequired", ApiErrorKind.NOT_OPTED_IN),
        ("AuthFailure", ApiErrorKind.NOT_OPTED_IN),
        ("UnrecognizedClientException", ApiErrorKind.NOT_OPTED_IN),
        ("ExpiredToken", ApiErrorKind.NO_CREDENTIALS),
        ("InvalidVpcEndpointServiceId.NotFound", ApiErrorKind.NOT_FOUND),
        ("InvalidServiceName", ApiErrorKind.NOT_FOUND),
        ("CustomKeyStoreNotFoundException", ApiErrorKind.NOT_FOUND),
        ("LoadBalancerNotFound", ApiErrorKind.NOT_FOUND),
        ("InternalError", ApiErrorKind.FAILED),
        ("", ApiErrorKind.FAILED),
    ],
)
def test_each_error_code_has_its_kind(code: str, cause: ApiErrorKind) -> None:
    assert refused("ec2:DescribeVpcs", code).cause is cause


def test_a_denied_call_names_the_iam_action_to_allow() -> None:
    assert "ec2:DescribeVpcs" in refused("ec2:DescribeVpcs", "UnauthorizedOperation").because


def test_a_message_from_aws_is_escaped_and_shortened() -> None:
    because = refused("ec2:DescribeVpcs", "Odd\x1b[31m", "x\x1b" * 10_000).because
    assert "\x1b" not in because
    assert len(because) < 300


@pytest.mark.parametrize(
    "error", [{}, {"Error": None}, {"Error": {"Code": 3}}, {"code": None}, {"Error": []}]
)
def test_a_malformed_error_is_a_failure(error: dict[str, object]) -> None:
    assert denied_by(error, "ec2:DescribeVpcs").cause is ApiErrorKind.FAILED
