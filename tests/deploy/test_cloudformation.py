"""The CloudFormation template is valid, and it grants only what the agent needs."""

import base64
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import yaml

from probe.config import template
from tools.release_wheelhouse import PYTHONS

AWS = Path(__file__).parents[2] / "deploy" / "aws"
TEMPLATE = AWS / "agent.yaml"


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms (!Ref, !Sub, !GetAtt) as text."""


_Loader.add_multi_constructor("!", lambda loader, _suffix, node: loader.construct_scalar(node))


def resource(kind: str) -> dict[str, Any]:
    document = yaml.load(TEMPLATE.read_text(), Loader=_Loader)  # noqa: S506 -- a SafeLoader that reads tags as text
    (found,) = (each["Properties"] for each in document["Resources"].values() if each["Type"] == kind)
    properties: dict[str, Any] = found
    return properties


def policies() -> dict[str, list[dict[str, Any]]]:
    """The statements of the role's policies, by name."""
    given = resource("AWS::IAM::Role")["Policies"]
    return {each["PolicyName"]: each["PolicyDocument"]["Statement"] for each in given}


def user_data(configuration: str = "") -> str:
    """The script for the first boot of the instance, with CloudFormation's values filled in."""
    script: str = resource("AWS::EC2::Instance")["UserData"]["Fn::Base64"]
    values = {"WheelhouseUrl": "https://files.example.com/w.tar?a=1&b=2", "WheelhouseSha256": "0" * 64}
    return re.sub(r"\$\{(\w+)\}", lambda found: {**values, "Configuration": configuration}[found[1]], script)


def test_cfn_lint_accepts_the_template() -> None:
    program = Path(sys.executable).with_name("cfn-lint")
    result = subprocess.run(
        [str(program), "--regions", "eu-west-1", "us-east-1", "--", str(TEMPLATE)],
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_parameter_has_cloudformations_limit_and_the_template_of_init_fits_into_it() -> None:
    document = yaml.load(TEMPLATE.read_text(), Loader=_Loader)  # noqa: S506 -- a SafeLoader that reads tags as text
    longest = document["Parameters"]["Configuration"]["MaxLength"]
    assert longest == 4096, "CloudFormation's limit for the value of a parameter"
    assert len(base64.b64encode(template().encode())) <= longest


def test_the_role_has_the_policy_of_the_audit() -> None:
    (statement,) = json.loads((AWS / "iam-policy.json").read_text())["Statement"]
    (granted,) = policies()["XksProbeReads"]
    assert granted["Action"] == statement["Action"]
    assert granted["Condition"] == {"StringEquals": {"aws:RequestedRegion": "AWS::Region"}}


def test_the_instance_has_no_public_address_no_ssh_key_and_only_imdsv2() -> None:
    instance = resource("AWS::EC2::Instance")
    assert "KeyName" not in instance
    assert instance["NetworkInterfaces"][0]["AssociatePublicIpAddress"] is False
    assert instance["MetadataOptions"] == {"HttpTokens": "required", "HttpPutResponseHopLimit": 1}
    assert instance["BlockDeviceMappings"][0]["Ebs"]["Encrypted"] is True


def test_there_is_no_ingress_and_every_egress_rule_is_described() -> None:
    group = resource("AWS::EC2::SecurityGroup")
    assert "SecurityGroupIngress" not in group
    assert all(rule["Description"] and rule["IpProtocol"] != "-1" for rule in group["SecurityGroupEgress"])
    assert not re.search(r"\b22\b", TEMPLATE.read_text())


def test_session_manager_is_allowed_but_not_reading_parameters() -> None:
    (granted,) = policies()["SessionManager"]
    assert set(granted["Action"]) >= {"ssm:UpdateInstanceInformation", "ssmmessages:OpenDataChannel"}
    assert not [each for each in granted["Action"] if "Get" in each or "*" in each]
    assert "ManagedPolicyArns" not in resource("AWS::IAM::Role")


def test_the_first_boot_installs_only_what_the_given_digest_covers() -> None:
    script = user_data()
    order = ["curl", "sha256sum --check", "tarfile --extract", "pip install", "systemctl enable --now"]
    assert [word for _, word in sorted((script.index(word), word) for word in order)] == order
    assert "--no-index" in script
    assert script.startswith("#!/bin/bash\nset -euo pipefail\n")


def test_the_script_for_the_first_boot_is_valid_bash() -> None:
    for configuration in ("", "bGlzdGVuOiAxMjcuMC4wLjE6OTkxMQo="):
        script = user_data(configuration)
        result = subprocess.run(
            ["bash", "-n"], input=script, capture_output=True, text=True, timeout=250, check=False
        )
        assert (result.returncode, result.stderr) == (0, "")
        assert "${" not in script


def test_the_wheelhouse_supports_the_python_of_the_instance() -> None:
    (version,) = set(re.findall(r"\bpython(3\.\d+)\b", user_data()))
    assert version in PYTHONS


def test_the_installed_unit_is_in_the_wheel_and_runs_the_installed_program() -> None:
    project = tomllib.loads((AWS.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    (unit,) = re.findall(r"/opt/xks-probe/(\S+\.service)", user_data())
    shared = project["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    (source,) = [each for each, target in shared.items() if target == unit]
    text = (AWS.parents[1] / source).read_text(encoding="utf-8")
    assert "ExecStart=/opt/xks-probe/bin/xks-probe run -c /etc/xks-probe/xks-probe.yaml" in text
