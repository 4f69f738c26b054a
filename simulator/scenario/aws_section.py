"""The ``account:`` section of a scenario: the simulated AWS account, and how it is not well. Pure."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from simulator.aws_paths import PathError, steps_of

DEFAULT_REGION = "eu-central-1"
ANY_OPERATION = "*"
# The operations that can be refused or changed, each with botocore's name of its service.
OPERATIONS: Mapping[str, str] = MappingProxyType(
    {
        "GetCallerIdentity": "sts",
        "DescribeCustomKeyStores": "kms",
        "DescribeAvailabilityZones": "ec2",
        "DescribeNetworkAcls": "ec2",
        "DescribeNetworkInterfaces": "ec2",
        "DescribeRegions": "ec2",
        "DescribeRouteTables": "ec2",
        "DescribeSecurityGroups": "ec2",
        "DescribeSubnets": "ec2",
        "DescribeVpcAttribute": "ec2",
        "DescribeVpcEndpointConnections": "ec2",
        "DescribeVpcEndpointServiceConfigurations": "ec2",
        "DescribeVpcEndpointServicePermissions": "ec2",
        "DescribeVpcEndpointServices": "ec2",
        "DescribeVpcs": "ec2",
        "DescribeListenerAttributes": "elbv2",
        "DescribeListeners": "elbv2",
        "DescribeLoadBalancerAttributes": "elbv2",
        "DescribeLoadBalancers": "elbv2",
        "DescribeSSLPolicies": "elbv2",
        "DescribeTargetGroupAttributes": "elbv2",
        "DescribeTargetGroups": "elbv2",
        "DescribeTargetHealth": "elbv2",
    }
)
KEYS = ("region", "service_owner", "key_stores", "delay", "page_size", "refused", "answers")
_REGION = re.compile(r"[a-z]{2,8}(-[a-z]+){1,3}-[0-9]{1,2}", re.ASCII)
_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9.]{0,99}", re.ASCII)
_MOST_PER_PAGE = 1000
Note = Callable[[str, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSection:
    """``key_stores`` has for each store what differs from a healthy one, by path.

    ``service_owner`` None: this account owns the endpoint service. ``page_size`` None: all in one page,
    unless a client asks for less.
    """

    region: str = DEFAULT_REGION
    service_owner: str | None = None
    key_stores: tuple[Mapping[str, Any], ...] = ({},)
    delay_s: float = 0.0
    page_size: int | None = None
    refused: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def read_section(value: object, note: Note, duration_s: Callable[[str, object], float]) -> AccountSection:
    """The section in its YAML form; ``note`` takes each mistake's path and what to do."""
    section = _mapping("account", {} if value is None else value, note)
    for key in section:
        if key not in KEYS:
            note(f"account.{key}", f"is unknown; known are: {', '.join(KEYS)}")
    region = section.get("region", DEFAULT_REGION)
    if not (isinstance(region, str) and _REGION.fullmatch(region)):
        note("account.region", "write the name of a Region, such as eu-central-1")
        region = DEFAULT_REGION
    owner = section.get("service_owner")
    if owner is not None and not (isinstance(owner, str) and _ACCOUNT.fullmatch(owner)):
        note("account.service_owner", "write the 12 digits of an account, in quotes")
        owner = None
    return AccountSection(
        region=region,
        service_owner=owner,
        key_stores=_key_stores(section.get("key_stores", [{}]), note),
        delay_s=duration_s("account.delay", section.get("delay", "0ms")),
        page_size=_page_size(section.get("page_size"), note),
        refused=_refused(section.get("refused", {}), note),
        answers=_answers(section.get("answers", {}), note),
    )


def _key_stores(value: object, note: Note) -> tuple[Mapping[str, Any], ...]:
    if not isinstance(value, list):
        note("account.key_stores", "write a list; [] for none, [{}] for a healthy one")
        return ()
    return tuple(_changes(f"account.key_stores[{n}]", each, note) for n, each in enumerate(value))


def _page_size(value: object, note: Note) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= _MOST_PER_PAGE:
        note("account.page_size", f"write a whole number from 1 to {_MOST_PER_PAGE}")
        return None
    return value


def _refused(value: object, note: Note) -> dict[str, str]:
    refused = _mapping("account.refused", value, note)
    for operation, code in refused.items():
        path = f"account.refused.{operation}"
        if operation != ANY_OPERATION:
            _is_known(path, operation, note)
        if not (isinstance(code, str) and _CODE.fullmatch(code)):
            note(path, "write an error code of AWS's, such as AccessDenied")
    return refused


def _answers(value: object, note: Note) -> dict[str, Mapping[str, Any]]:
    answers = _mapping("account.answers", value, note)
    for operation in answers:
        _is_known(f"account.answers.{operation}", operation, note)
    return {
        operation: _changes(f"account.answers.{operation}", changes, note)
        for operation, changes in answers.items()
    }


def _changes(path: str, value: object, note: Note) -> dict[str, Any]:
    changes = _mapping(path, value, note)
    for each in changes:
        try:
            steps_of(each)
        except PathError as error:
            note(path, str(error))
    return changes


def _is_known(path: str, operation: str, note: Note) -> None:
    if operation not in OPERATIONS:
        note(path, f"is unknown; known are: {', '.join(OPERATIONS)}")


def _mapping(path: str, value: object, note: Note) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return {str(key): item for key, item in value.items()}
    note(path, "write 'key: value' pairs")
    return {}
