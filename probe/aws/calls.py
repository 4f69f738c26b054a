"""The complete table of AWS calls that the audit makes, all of them read-only."""

from collections.abc import Mapping
from typing import Any, Protocol

from probe.model.account import Unavailable

Answer = Mapping[str, Any] | Unavailable

# (service of botocore, operation) -> the prefix of the IAM action
CALLS: Mapping[tuple[str, str], str] = {
    ("sts", "GetCallerIdentity"): "sts",
    ("kms", "DescribeCustomKeyStores"): "kms",
    ("ec2", "DescribeVpcEndpointServiceConfigurations"): "ec2",
    ("ec2", "DescribeVpcEndpointServicePermissions"): "ec2",
    ("ec2", "DescribeVpcEndpointServices"): "ec2",
    ("ec2", "DescribeVpcEndpointConnections"): "ec2",
    ("ec2", "DescribeNetworkInterfaces"): "ec2",
    ("ec2", "DescribeInstances"): "ec2",
    ("ec2", "DescribeVpcs"): "ec2",
    ("ec2", "DescribeVpcAttribute"): "ec2",
    ("ec2", "DescribeSubnets"): "ec2",
    ("ec2", "DescribeRouteTables"): "ec2",
    ("ec2", "DescribeNetworkAcls"): "ec2",
    ("ec2", "DescribeSecurityGroups"): "ec2",
    ("elbv2", "DescribeLoadBalancers"): "elasticloadbalancing",
    ("elbv2", "DescribeLoadBalancerAttributes"): "elasticloadbalancing",
    ("elbv2", "DescribeListeners"): "elasticloadbalancing",
    ("elbv2", "DescribeRules"): "elasticloadbalancing",
    ("elbv2", "DescribeTargetGroups"): "elasticloadbalancing",
    ("elbv2", "DescribeTargetGroupAttributes"): "elasticloadbalancing",
    ("elbv2", "DescribeTargetHealth"): "elasticloadbalancing",
    ("cloudwatch", "GetMetricData"): "cloudwatch",
}
# Called only if a secret is configured; it has a separate statement in the IAM policy.
OF_THE_SECRET: tuple[str, str] = ("secretsmanager", "GetSecretValue")
READING_VERBS = ("Describe", "Get", "List")


class AwsClient(Protocol):
    """The source of responses: AWS, or a file with collected responses."""

    @property
    def region(self) -> str: ...

    @property
    def endpoint_url(self) -> str | None:
        """A custom endpoint in use, None for AWS's own."""

    @property
    def collected_at(self) -> str | None:
        """The collection time of a file's responses; None for live calls."""

    def last_refusal(self, service: str, operation: str) -> Unavailable | None:
        """The last error response to a call that is being retried; None if there was none."""

    def call(self, service: str, operation: str, parameters: Mapping[str, Any], timeout_s: float) -> Answer:
        """All pages of the response, merged. Never raises on errors of AWS or the network."""


def action(service: str, operation: str) -> str:
    """The IAM action that the call needs.

    >>> action("elbv2", "DescribeListeners")
    'elasticloadbalancing:DescribeListeners'
    """
    return f"{CALLS[service, operation]}:{operation}"
