"""AWS's error codes as causes: what is denied names the action to allow."""

import pytest

from probe.aws.failures import denied_by, refused
from probe.model.account import Cause


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("AccessDenied", Cause.ACCESS_DENIED),
        ("AccessDeniedException", Cause.ACCESS_DENIED),
        ("UnauthorizedOperation", Cause.ACCESS_DENIED),
        ("Throttling", Cause.THROTTLED),
        ("ThrottlingException", Cause.THROTTLED),
        ("RequestLimitExceeded", Cause.THROTTLED),
        ("OptInRequired", Cause.NOT_OPTED_IN),
        ("AuthFailure", Cause.NOT_OPTED_IN),
        ("UnrecognizedClientException", Cause.NOT_OPTED_IN),
        ("ExpiredToken", Cause.NO_CREDENTIALS),
        ("InvalidVpcEndpointServiceId.NotFound", Cause.NOT_FOUND),
        ("InvalidServiceName", Cause.NOT_FOUND),
        ("CustomKeyStoreNotFoundException", Cause.NOT_FOUND),
        ("LoadBalancerNotFound", Cause.NOT_FOUND),
        ("InternalError", Cause.FAILED),
        ("", Cause.FAILED),
    ],
)
def test_a_code_has_its_cause(code: str, cause: Cause) -> None:
    assert refused("ec2:DescribeVpcs", code).cause is cause


def test_what_is_denied_names_the_action_to_allow() -> None:
    assert "ec2:DescribeVpcs" in refused("ec2:DescribeVpcs", "UnauthorizedOperation").because


def test_a_message_of_aws_is_cut_and_harmless() -> None:
    said = refused("ec2:DescribeVpcs", "Odd\x1b[31m", "x\x1b" * 10_000).because
    assert "\x1b" not in said
    assert len(said) < 300


@pytest.mark.parametrize(
    "error", [{}, {"Error": None}, {"Error": {"Code": 3}}, {"code": None}, {"Error": []}]
)
def test_an_odd_error_is_a_failure(error: dict[str, object]) -> None:
    assert denied_by(error, "ec2:DescribeVpcs").cause is Cause.FAILED
