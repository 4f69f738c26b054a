"""The CloudFormation template: one that CloudFormation takes, with no more than the agent needs."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

AWS = Path(__file__).parents[2] / "deploy" / "aws"
TEMPLATE = AWS / "agent.yaml"


class _Loader(yaml.SafeLoader):
    """CloudFormation's short forms (!Ref, !Sub, !GetAtt) as their texts."""


_Loader.add_multi_constructor("!", lambda loader, _suffix, node: loader.construct_scalar(node))


def resource(kind: str) -> dict[str, Any]:
    document = yaml.load(TEMPLATE.read_text(), Loader=_Loader)  # noqa: S506 -- a SafeLoader, with texts for tags
    (found,) = (each["Properties"] for each in document["Resources"].values() if each["Type"] == kind)
    properties: dict[str, Any] = found
    return properties


def test_cfn_lint_accepts_it() -> None:
    program = Path(sys.executable).with_name("cfn-lint")
    done = subprocess.run(
        [str(program), "--regions", "eu-west-1", "us-east-1", "--", str(TEMPLATE)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_its_role_has_the_policy_of_the_audit() -> None:
    (statement,) = json.loads((AWS / "iam-policy.json").read_text())["Statement"]
    (policy,) = resource("AWS::IAM::Role")["Policies"]
    (granted,) = policy["PolicyDocument"]["Statement"]
    assert granted["Action"] == statement["Action"]
    assert granted["Condition"] == {"StringEquals": {"aws:RequestedRegion": "AWS::Region"}}


def test_its_instance_has_no_public_address_no_key_and_imdsv2_alone() -> None:
    instance = resource("AWS::EC2::Instance")
    assert "KeyName" not in instance
    assert instance["NetworkInterfaces"][0]["AssociatePublicIpAddress"] is False
    assert instance["MetadataOptions"] == {"HttpTokens": "required", "HttpPutResponseHopLimit": 1}
    assert instance["BlockDeviceMappings"][0]["Ebs"]["Encrypted"] is True


def test_nobody_gets_in_but_prometheus_and_every_way_out_is_named() -> None:
    group = resource("AWS::EC2::SecurityGroup")
    assert [rule["FromPort"] for rule in group["SecurityGroupIngress"]] == [9911]
    assert all(rule["Description"] and rule["IpProtocol"] != "-1" for rule in group["SecurityGroupEgress"])
    assert not re.search(r"\b22\b", TEMPLATE.read_text())
