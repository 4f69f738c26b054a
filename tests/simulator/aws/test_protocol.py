"""Requests written by botocore, and responses parsed by botocore."""

import datetime as dt
from typing import Any

import botocore.parsers
import botocore.serialize
import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.aws.protocol import (
    AwsError,
    Reply,
    read_request,
    scope_of,
    unknown_member,
    write_answer,
    write_error,
)
from simulator.aws_paths import steps_of
from simulator.scenario.aws_section import OPERATIONS

SESSION = botocore.session.Session()
MODELS = {
    service: SESSION.get_service_model(service) for service in ("sts", "kms", "ec2", "elbv2", "cloudwatch")
}
_TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=12)
_TIME = st.integers(0, 2**32).map(lambda s: dt.datetime.fromtimestamp(s, dt.UTC))
_SCALARS = {
    "string": _TEXT,
    "boolean": st.booleans(),
    "integer": st.integers(-(10**6), 10**6),
    "long": st.integers(-(10**12), 10**12),
    "timestamp": _TIME,
}


def read(service: str, operation: str, reply: Reply) -> dict[str, Any]:
    """The response as a client parses it."""
    model = MODELS[service]
    parser = botocore.parsers.create_parser(model.resolved_protocol)
    answer = {
        "body": reply.body,
        "headers": {"content-type": reply.content_type},
        "status_code": reply.status,
    }
    parsed: dict[str, Any] = parser.parse(answer, model.operation_model(operation).output_shape)
    parsed.pop("ResponseMetadata", None)
    return parsed


def sent(service: str, operation: str, parameters: dict[str, Any]) -> tuple[str, bytes]:
    """A client's request: the target header and the body."""
    from urllib.parse import urlencode

    model = MODELS[service]
    serializer = botocore.serialize.create_serializer(model.resolved_protocol)
    request = serializer.serialize_to_request(parameters, model.operation_model(operation))
    body = request["body"]
    return request["headers"].get("X-Amz-Target", ""), body if isinstance(body, bytes) else urlencode(
        body
    ).encode()


def values(shape: Any, depth: int) -> st.SearchStrategy[Any]:
    """Any value that fits a shape of the model."""
    if shape.type_name == "structure":
        members = {
            name: values(m, depth - 1)
            for name, m in shape.members.items()
            if depth > 0 or m.type_name in _SCALARS
        }
        return st.fixed_dictionaries({}, optional=members)
    if shape.type_name == "list":
        return st.lists(values(shape.member, depth - 1), min_size=1, max_size=3)
    return _SCALARS.get(shape.type_name, st.nothing())


def flat(value: Any) -> Any:
    """The value without empty structures and lists, which a query cannot express."""
    if isinstance(value, dict):
        kept = {key: flat(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item not in ({}, [], None)}
    if isinstance(value, list):
        return [flat(item) for item in value]
    return value


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        ("sts", "GetCallerIdentity", {}),
        ("kms", "DescribeCustomKeyStores", {"Limit": 2, "Marker": "x"}),
        ("ec2", "DescribeVpcEndpointServiceConfigurations", {"ServiceIds": ["a", "b"], "DryRun": False}),
        (
            "ec2",
            "DescribeSubnets",
            {"Filters": [{"Name": "vpc-id", "Values": ["v&1", "v 2"]}], "MaxResults": 5},
        ),
        ("ec2", "DescribeVpcAttribute", {"VpcId": "v", "Attribute": "enableDnsSupport"}),
        ("elbv2", "DescribeLoadBalancers", {"LoadBalancerArns": ["arn:1", "arn:2"], "PageSize": 1}),
        (
            "elbv2",
            "DescribeTargetHealth",
            {"TargetGroupArn": "t", "Targets": [{"Id": "10.0.0.1", "Port": 443}]},
        ),
        ("elbv2", "DescribeListeners", {}),
    ],
)
def test_a_request_is_parsed_correctly(service: str, operation: str, parameters: dict[str, Any]) -> None:
    assert read_request(MODELS[service], *sent(service, operation, parameters)) == (operation, parameters)


@given(data=st.data(), operation=st.sampled_from(sorted(OPERATIONS)))
def test_any_response_is_parsed_correctly(data: st.DataObject, operation: str) -> None:
    service = OPERATIONS[operation]
    shape = MODELS[service].operation_model(operation).output_shape
    response = flat(data.draw(values(shape, 4)))
    assert flat(read(service, operation, write_answer(MODELS[service], operation, response))) == response


def test_an_empty_list_stays_an_empty_list() -> None:
    reply = write_answer(MODELS["ec2"], "DescribeVpcs", {"Vpcs": []})
    assert read("ec2", "DescribeVpcs", reply) == {"Vpcs": []}


def test_a_value_of_the_wrong_type_is_written_unchanged() -> None:
    reply = write_answer(MODELS["elbv2"], "DescribeListeners", {"Listeners": [{"Port": "<443>"}]})
    assert b"<Port>&lt;443&gt;</Port>" in reply.body


@pytest.mark.parametrize(
    ("service", "code", "status"),
    [
        ("kms", "AccessDeniedException", 400),
        ("kms", "ThrottlingException", 400),
        ("ec2", "UnauthorizedOperation", 403),
        ("ec2", "RequestLimitExceeded", 503),
        ("ec2", "AuthFailure", 401),
        ("elbv2", "AccessDenied", 403),
        ("sts", "OptInRequired", 403),
    ],
)
def test_an_error_has_the_format_of_its_protocol(service: str, code: str, status: int) -> None:
    reply = write_error(MODELS[service].resolved_protocol, AwsError(code, "because <of> this"))
    operation = next(name for name, of in OPERATIONS.items() if of == service)
    assert reply.status == status
    assert (
        read(service, operation, reply)["Error"].items()
        >= {"Code": code, "Message": "because <of> this"}.items()
    )


@pytest.mark.parametrize("body", [b"", b"Action=Nothing", b"\xff\xfe", b"Action=describe_vpcs"])
def test_an_unknown_operation_is_rejected(body: bytes) -> None:
    with pytest.raises(AwsError, match="InvalidAction"):
        read_request(MODELS["ec2"], "", body)


@given(st.binary(max_size=200))
def test_any_bytes_are_parsed_or_rejected(body: bytes) -> None:
    try:
        operation, asked = read_request(MODELS["ec2"], "", b"Action=DescribeSubnets&" + body)
    except AwsError:
        return
    assert operation
    assert isinstance(asked, dict)


@pytest.mark.parametrize(
    ("path", "value", "unknown"),
    [
        ("ServiceConfigurations[0].AcceptanceRequired", True, None),
        ("ServiceConfigurations[*].PrivateDnsNameConfiguration.State", "failed", None),
        ("ServiceConfigurations[0]", {"ServiceType": [{"ServiceType": "x"}]}, None),
        ("ServiceConfigurations[0].AcceptanceRequird", True, "AcceptanceRequird of ServiceConfiguration"),
        ("ServiceConfigurations.ServiceId", "x", "ServiceId of ServiceConfigurationSet"),
        ("ServiceConfigurations[0][0]", "x", "0 of ServiceConfiguration"),
        ("ServiceConfigurations[0].ServiceId[*]", "x", "[*] of String"),
        ("ServiceConfigurations", [{"ServiceType": [{"Type": "x"}]}], "Type of ServiceTypeDetail"),
    ],
)
def test_a_member_missing_in_the_model_is_named(path: str, value: object, unknown: str | None) -> None:
    shape = MODELS["ec2"].operation_model("DescribeVpcEndpointServiceConfigurations").output_shape
    assert unknown_member(shape, steps_of(path), value) == unknown


@pytest.mark.parametrize("header", ["", "Bearer x", "AWS4-HMAC-SHA256 Credential=A/1/r/s/aws4_request"])
def test_an_unsigned_request_has_no_scope(header: str) -> None:
    assert scope_of(header) is None
