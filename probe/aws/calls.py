"""The calls that the audit makes: each one reads, and there are no others."""

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
    ("ec2", "DescribeVpcs"): "ec2",
    ("ec2", "DescribeVpcAttribute"): "ec2",
    ("ec2", "DescribeSubnets"): "ec2",
    ("ec2", "DescribeRouteTables"): "ec2",
    ("ec2", "DescribeNetworkAcls"): "ec2",
    ("ec2", "DescribeSecurityGroups"): "ec2",
    ("elbv2", "DescribeLoadBalancers"): "elasticloadbalancing",
    ("elbv2", "DescribeLoadBalancerAttributes"): "elasticloadbalancing",
    ("elbv2", "DescribeListeners"): "elasticloadbalancing",
    ("elbv2", "DescribeTargetGroups"): "elasticloadbalancing",
    ("elbv2", "DescribeTargetGroupAttributes"): "elasticloadbalancing",
    ("elbv2", "DescribeTargetHealth"): "elasticloadbalancing",
}
# What is asked only where the command line asks for it: a statement of its own in the policy.
OF_THE_SECRET: tuple[str, str] = ("secretsmanager", "GetSecretValue")
READING_VERBS = ("Describe", "Get", "List")


class AwsClient(Protocol):
    """Whoever answers a call: AWS, or a file in which its answers were collected."""

    @property
    def region(self) -> str: ...

    @property
    def endpoint_url(self) -> str | None:
        """A custom endpoint in use, None for AWS's own."""

    @property
    def collected_at(self) -> str | None:
        """When a file's answers were collected; None where AWS is asked now."""

    def last_refusal(self, service: str, operation: str) -> Unavailable | None:
        """What was last refused of a call that is still tried again; None if nothing was."""

    def call(self, service: str, operation: str, parameters: Mapping[str, Any], timeout_s: float) -> Answer:
        """All pages of the answer as one. Never raises for what AWS or the network does."""


def action(service: str, operation: str) -> str:
    """The IAM action that the call needs.

    >>> action("elbv2", "DescribeListeners")
    'elasticloadbalancing:DescribeListeners'
    """
    return f"{CALLS[service, operation]}:{operation}"
