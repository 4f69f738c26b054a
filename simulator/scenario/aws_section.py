"""The ``account:`` section of a scenario: the simulated AWS account and its faults. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from simulator.aws_paths import PathError, steps_of
from simulator.scenario.aws_metrics import Datapoint, read_metrics
from simulator.scenario.fields import Fields

DEFAULT_REGION = "eu-central-1"
ANY_OPERATION = "*"
# The operations that can be refused or changed, each with botocore's name of its service.
OPERATIONS: Mapping[str, str] = MappingProxyType(
    {
        "GetCallerIdentity": "sts",
        "DescribeCustomKeyStores": "kms",
        "DescribeAvailabilityZones": "ec2",
        "DescribeInstances": "ec2",
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
        "DescribeRules": "elbv2",
        "DescribeTargetGroups": "elbv2",
        "DescribeTargetHealth": "elbv2",
        "GetMetricData": "cloudwatch",
    }
)
KEYS = ("region", "service_owner", "key_stores", "metrics", "delay", "page_size", "refused", "answers")
_REGION = re.compile(r"[a-z]{2,8}(-[a-z]+){1,3}-[0-9]{1,2}", re.ASCII)
_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9.]{0,99}", re.ASCII)
_MAX_PER_PAGE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSection:
    """``key_stores`` has, per key store, the differences from a healthy one by path.

    ``service_owner`` None: this account owns the endpoint service. ``metrics`` is what CloudWatch has.
    ``page_size`` None: all items in one page, unless the client sets a limit.
    """

    region: str = DEFAULT_REGION
    service_owner: str | None = None
    key_stores: tuple[Mapping[str, Any], ...] = ({},)
    metrics: tuple[Datapoint, ...] = ()
    delay_s: float = 0.0
    page_size: int | None = None
    refused: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def read_section(value: object, fields: Fields) -> AccountSection:
    """Read the section in its YAML form."""
    section = fields.mapping("account", {} if value is None else value, KEYS)
    region = fields.matching(
        "account.region",
        section.get("region", DEFAULT_REGION),
        _REGION,
        "write the name of a Region, such as eu-central-1",
    )
    return AccountSection(
        region=region or DEFAULT_REGION,
        service_owner=_service_owner(section.get("service_owner"), fields),
        key_stores=_key_stores(section.get("key_stores", [{}]), fields),
        metrics=read_metrics("account.metrics", section.get("metrics", []), fields),
        delay_s=fields.duration_s("account.delay", section.get("delay", "0ms")),
        page_size=_page_size(section.get("page_size"), fields),
        refused=_refused(section.get("refused", {}), fields),
        answers=_answers(section.get("answers", {}), fields),
    )


def _service_owner(value: object, fields: Fields) -> str | None:
    if value is None:
        return None
    what_to_do = "write the 12 digits of an account, in quotes"
    return fields.matching("account.service_owner", value, _ACCOUNT, what_to_do)


def _key_stores(value: object, fields: Fields) -> tuple[Mapping[str, Any], ...]:
    if not isinstance(value, list):
        fields.note("account.key_stores", "write a list; [] for none, [{}] for a healthy one")
        return ()
    return tuple(_changes(f"account.key_stores[{n}]", each, fields) for n, each in enumerate(value))


def _page_size(value: object, fields: Fields) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= _MAX_PER_PAGE:
        fields.note("account.page_size", f"write a whole number from 1 to {_MAX_PER_PAGE}")
        return None
    return value


def _refused(value: object, fields: Fields) -> dict[str, str]:
    refused = fields.mapping("account.refused", value, (ANY_OPERATION, *OPERATIONS))
    for operation, code in refused.items():
        path = f"account.refused.{operation}"
        fields.matching(path, code, _CODE, "write an AWS error code, such as AccessDenied")
    return refused


def _answers(value: object, fields: Fields) -> dict[str, Mapping[str, Any]]:
    answers = fields.mapping("account.answers", value, tuple(OPERATIONS))
    return {
        operation: _changes(f"account.answers.{operation}", changes, fields)
        for operation, changes in answers.items()
    }


def _changes(path: str, value: object, fields: Fields) -> dict[str, Any]:
    changes = fields.mapping(path, value)
    for each in changes:
        try:
            steps_of(each)
        except PathError as error:
            fields.note(path, str(error))
    return changes
