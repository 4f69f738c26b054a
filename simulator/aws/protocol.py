"""Reads requests and writes responses of AWS's protocols by botocore's model of the service. Pure.

Three protocols, as the model names them: ``json`` (KMS, CloudWatch), ``query`` (STS, load balancers) and
``ec2``. A model comes from a boto3 client (``client.meta.service_model``).
"""

import datetime as dt
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree as ET

from simulator.aws_paths import Every, Step

REQUEST_ID = "11111111-2222-4333-8444-555555555555"
_SCOPE = re.compile(r"Credential=[^/\s]+/[0-9]{8}/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request", re.ASCII)
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,18}", re.ASCII)
# HTTP statuses that matter to botocore's retries or to readers; 400 for all other errors.
_STATUSES = {
    "AccessDenied": 403,
    "UnauthorizedOperation": 403,
    "OptInRequired": 403,
    "InvalidClientTokenId": 403,
    "SignatureDoesNotMatch": 403,
    "ExpiredToken": 403,
    "AuthFailure": 401,
    "RequestLimitExceeded": 503,
    "ServiceUnavailable": 503,
    "Unavailable": 503,
    "InternalError": 500,
    "InternalFailure": 500,
    "KMSInternalException": 500,
}


class AwsError(Exception):
    """An error response."""

    def __init__(self, code: str, message: str) -> None:
        self.code, self.message = code, message
        super().__init__(f"{code}: {message}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An HTTP response."""

    status: int
    content_type: str
    body: bytes


def scope_of(authorization: str) -> tuple[str, str] | None:
    """The Region and the service in the scope of a signature.

    >>> scope_of("AWS4-HMAC-SHA256 Credential=AKIA/20261124/eu-west-1/ec2/aws4_request, SignedHeaders=…")
    ('eu-west-1', 'ec2')
    """
    match = _SCOPE.search(authorization)
    return (match[1], match[2]) if match else None


def read_request(model: Any, target: str, body: bytes) -> tuple[str, dict[str, Any]]:
    """The operation and its parameters. Raises AwsError for an operation that the model does not have."""
    if model.resolved_protocol == "json":
        operation = target.rpartition(".")[2]
        fields = {}
    else:
        fields = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        operation = fields.get("Action", "")
    if operation not in model.operation_names:
        raise AwsError("InvalidAction", f"{operation!r} is not an operation of {model.service_name}")
    if model.resolved_protocol == "json":
        return operation, json.loads(body or b"{}")
    shape = model.operation_model(operation).input_shape
    found = _value(shape, fields, "", model.resolved_protocol) if shape else None
    return operation, found or {}


def write_answer(model: Any, operation: str, answer: Mapping[str, Any]) -> Reply:
    """Members that are not in the model are left out; values of the wrong type are written as they are."""
    if model.resolved_protocol == "json":
        text = json.dumps(answer, default=_timestamp)
        return Reply(status=200, content_type="application/x-amz-json-1.1", body=text.encode())
    operation_model = model.operation_model(operation)
    shape = operation_model.output_shape
    root = ET.Element(f"{operation}Response", {"xmlns": model.metadata.get("xmlNamespace", "")})
    holder = root
    if model.resolved_protocol == "query":
        wrapper = shape.serialization.get("resultWrapper") if shape else None
        holder = ET.SubElement(root, wrapper or f"{operation}Result")
        ET.SubElement(ET.SubElement(root, "ResponseMetadata"), "RequestId").text = REQUEST_ID
    else:
        ET.SubElement(root, "requestId").text = REQUEST_ID
    for name, member in shape.members.items() if shape else ():
        if name in answer:
            _write(holder, member.serialization.get("name", name), member, answer[name])
    return _xml(200, root)


def write_error(protocol: str, error: AwsError) -> Reply:
    """The error in the format of the protocol."""
    status = _STATUSES.get(error.code, 400)
    if protocol == "json":
        body = json.dumps({"__type": error.code, "message": error.message}).encode()
        return Reply(status=status, content_type="application/x-amz-json-1.1", body=body)
    if protocol == "ec2":
        root = ET.Element("Response")
        holder = ET.SubElement(ET.SubElement(root, "Errors"), "Error")
        ET.SubElement(root, "RequestID").text = REQUEST_ID
    else:
        root = ET.Element("ErrorResponse")
        holder = ET.SubElement(root, "Error")
        ET.SubElement(holder, "Type").text = "Sender"
        ET.SubElement(root, "RequestId").text = REQUEST_ID
    ET.SubElement(holder, "Code").text = error.code
    ET.SubElement(holder, "Message").text = error.message
    return _xml(status, root)


def unknown_member(shape: Any, steps: tuple[Step, ...], value: Any) -> str | None:
    """The first member in the path or the value that the model lacks; None if it has all."""
    for step in steps:
        inner = _inner(shape, step)
        if inner is None:
            name = "[*]" if step is Every.ELEMENT else step
            return f"{name} of {shape.name}"
        shape = inner
    return _unknown_in(shape, value)


def _inner(shape: Any, step: Step) -> Any:
    if isinstance(step, str):
        return shape.members.get(step) if shape.type_name == "structure" else None
    return shape.member if shape.type_name == "list" else None


def _unknown_in(shape: Any, value: Any) -> str | None:
    if isinstance(value, Mapping) and shape.type_name == "structure":
        for key, item in value.items():
            if key not in shape.members:
                return f"{key} of {shape.name}"
            if (found := _unknown_in(shape.members[key], item)) is not None:
                return found
    if isinstance(value, list) and shape.type_name == "list":
        return next(filter(None, (_unknown_in(shape.member, each) for each in value)), None)
    return None


def _value(shape: Any, fields: Mapping[str, str], prefix: str, protocol: str) -> Any:
    """The value at ``prefix`` of a query; None if absent."""
    if shape.type_name == "structure":
        if prefix and not any(key.startswith(f"{prefix}.") for key in fields):
            return None
        pairs = (
            (name, _value(member, fields, _joined(prefix, _key(member, name, protocol)), protocol))
            for name, member in shape.members.items()
        )
        return {name: value for name, value in pairs if value is not None} or None
    if shape.type_name == "list":
        return _values(shape, fields, prefix, protocol)
    text = fields.get(prefix)
    if text is not None and shape.type_name == "boolean":
        return text == "true"
    if text is not None and shape.type_name in {"integer", "long"} and _WHOLE_NUMBER.fullmatch(text):
        return int(text)
    return text


def _values(shape: Any, fields: Mapping[str, str], prefix: str, protocol: str) -> list[Any] | None:
    flat = protocol == "ec2" or shape.serialization.get("flattened")
    start = prefix if flat else f"{prefix}.{shape.member.serialization.get('name', 'member')}"
    found: list[Any] = []
    while (value := _value(shape.member, fields, f"{start}.{len(found) + 1}", protocol)) is not None:
        found.append(value)
    return found or None


def _key(member: Any, name: str, protocol: str) -> str:
    """The name of a member in a query; EC2 uses its own names."""
    serialized: str = member.serialization.get("name", name)
    if protocol != "ec2":
        return serialized
    own: str = member.serialization.get("queryName", serialized[0].upper() + serialized[1:])
    return own


def _joined(prefix: str, key: str) -> str:
    return f"{prefix}.{key}" if prefix else key


def _write(parent: ET.Element, tag: str, shape: Any, value: Any) -> None:
    if shape.type_name == "structure" and isinstance(value, Mapping):
        element = ET.SubElement(parent, tag)
        for name, member in shape.members.items():
            if name in value:
                _write(element, member.serialization.get("name", name), member, value[name])
    elif shape.type_name == "list" and isinstance(value, list):
        flat = shape.serialization.get("flattened")
        holder = parent if flat else ET.SubElement(parent, tag)
        for each in value:
            _write(
                holder, tag if flat else shape.member.serialization.get("name", "member"), shape.member, each
            )
    else:
        ET.SubElement(parent, tag).text = _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return str(value)


def _timestamp(value: object) -> Any:
    return value.timestamp() if isinstance(value, dt.datetime) else str(value)


def _xml(status: int, root: ET.Element) -> Reply:
    body = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return Reply(status=status, content_type="text/xml;charset=UTF-8", body=body)
