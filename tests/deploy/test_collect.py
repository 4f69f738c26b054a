"""deploy/aws/collect.sh: its file gives the same account as the API; it only reads, and it records errors."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.accounts.behind import (
    add,
    by,
    preserving_client_addresses,
    security_group,
    with_alb,
    with_groups,
    with_instances,
)
from support.accounts.collected import (
    REGION,
    SERVICE_NAME,
    STORE_ID,
    answer,
    call,
    deny,
    healthy,
    with_rules,
    written,
)

from probe.aws.audit import audit
from probe.aws.collected_answers import CollectedAnswers, read
from probe.model.account import Account, ApiErrorKind, Unavailable
from probe.model.store import KeyStoreSpec

pytestmark = pytest.mark.loopback
SCRIPT = Path(__file__).parents[2] / "deploy" / "aws" / "collect.sh"
FAKE = Path(__file__).parent / "fake_aws.py"


def collect(
    document: dict[str, Any], directory: Path, *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the script with a fake AWS CLI first in PATH."""
    program = directory / "aws"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{FAKE}" "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    environment = {
        "PATH": f"{directory}:{os.environ['PATH']}",
        "FAKE_AWS": str(written(document, directory)),
        "FAKE_AWS_LOG": str(directory / "calls.txt"),
        **variables,
    }
    return subprocess.run(
        [str(SCRIPT), *arguments], capture_output=True, text=True, timeout=250, check=False, env=environment
    )


def account_of(answers: CollectedAnswers) -> Account:
    return audit(answers, KeyStoreSpec(region=REGION, id=STORE_ID), taken_at_s=0.0, timeout_s=100.0)


def collected(document: dict[str, Any], directory: Path) -> Account:
    result = collect(document, directory, "--region", REGION, "--key-store", STORE_ID)
    assert result.returncode == 0, result.stderr
    file = directory / "collected.json"
    file.write_text(result.stdout, encoding="utf-8")
    return account_of(read(file))


def test_the_account_from_a_file_equals_the_account_from_the_api(tmp_path: Path) -> None:
    document = healthy()
    answer(document, "DescribeLoadBalancers")["LoadBalancers"][0]["SecurityGroups"] = ["sg-1"]
    groups = {"SecurityGroups": [{"GroupId": "sg-1", "IpPermissions": []}]}
    document["calls"].append(
        {
            "service": "ec2",
            "operation": "DescribeSecurityGroups",
            "parameters": {"GroupIds": ["sg-1"]},
            "answer": groups,
        }
    )
    by_file = collected(document, tmp_path)
    assert replace(by_file, collected_at=None) == replace(
        account_of(CollectedAnswers(document)), collected_at=None
    )
    assert by_file.collected_at is not None
    assert by_file.failed_calls == ()


def on_instances(document: dict[str, Any]) -> None:
    with_instances(document, groups=("sg-web",))
    with_groups(document, security_group("sg-web", "10.0.0.0/16"))


def on_interfaces(document: dict[str, Any]) -> None:
    interface = {"PrivateIpAddress": "192.168.1.5", "Groups": [{"GroupId": "sg-web"}]}
    about = by(vpc_id=["vpc-1"], private_ip_address=["192.168.1.5", "192.168.1.6"])
    preserving_client_addresses(document)
    add(document, "ec2", "DescribeNetworkInterfaces", about, {"NetworkInterfaces": [interface]})
    with_groups(document, security_group("sg-web", "10.0.0.0/16"))


@pytest.mark.parametrize("change", [on_instances, on_interfaces, with_alb])
def test_what_stands_behind_the_targets_is_collected(
    change: Callable[[dict[str, Any]], object], tmp_path: Path
) -> None:
    document = healthy()
    change(document)
    by_file = collected(document, tmp_path)
    assert by_file.failed_calls == ()
    by_api = account_of(CollectedAnswers(document))
    assert replace(by_file, collected_at=None) == replace(by_api, collected_at=None)


@pytest.mark.long
def test_a_denied_call_is_denied_in_the_file(tmp_path: Path) -> None:
    account = collected(deny(healthy(), "DescribeVpcs", "DescribeTargetHealth"), tmp_path)
    assert {(each.call, each.cause) for each in account.failed_calls} == {
        ("ec2:DescribeVpcs", ApiErrorKind.ACCESS_DENIED),
        ("elasticloadbalancing:DescribeTargetHealth", ApiErrorKind.ACCESS_DENIED),
    }


def test_without_any_permission_the_script_fails_and_every_call_in_the_file_is_denied(tmp_path: Path) -> None:
    result = collect(deny(healthy()), tmp_path, "--region", REGION, "--key-store", STORE_ID)
    assert result.returncode == 1
    assert "all 4 calls failed" in result.stderr
    assert "(AccessDenied)" in result.stderr.splitlines()[-1]
    file = tmp_path / "collected.json"
    file.write_text(result.stdout, encoding="utf-8")
    assert {each.cause for each in account_of(read(file)).failed_calls} == {ApiErrorKind.ACCESS_DENIED}


def test_a_key_store_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    result = collect(healthy(), tmp_path, "--region", REGION, "--key-store", "cks-0000000000000000f")
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == (
        f"collect.sh: {REGION} has no external key store cks-0000000000000000f with an endpoint service, "
        "or it could not be read"
    )


def test_lines_that_end_as_on_windows_give_the_same_account(tmp_path: Path) -> None:
    wanted = account_of(CollectedAnswers(healthy()))
    result = collect(
        healthy(), tmp_path, "--region", REGION, "--key-store", STORE_ID, FAKE_AWS_LINE_END="crlf"
    )
    assert result.returncode == 0, result.stderr
    file = tmp_path / "collected.json"
    file.write_text(result.stdout, encoding="utf-8")
    assert replace(account_of(read(file)), collected_at=None) == replace(wanted, collected_at=None)


@pytest.mark.parametrize("form", ["json", "yaml", "text", "table"])
def test_the_format_of_errors_in_the_environment_does_not_matter(form: str, tmp_path: Path) -> None:
    document = deny(healthy(), "DescribeVpcs")
    result = collect(
        document, tmp_path, "--region", REGION, "--key-store", STORE_ID, AWS_CLI_ERROR_FORMAT=form
    )
    assert call(json.loads(result.stdout), "DescribeVpcs")["error"]["code"] == "AccessDenied"


def test_the_rules_of_a_dualstack_load_balancer_are_collected(tmp_path: Path) -> None:
    document = with_rules(healthy(), {"Priority": "default", "Conditions": [], "IsDefault": True})
    assert collected(document, tmp_path).failed_calls == ()


@pytest.mark.parametrize(
    "message",
    [
        'no "way" \\o/',
        pytest.param("", marks=pytest.mark.long),
        *(
            pytest.param(each, marks=pytest.mark.long)
            for each in ("\\" * 600, "é" * 600, "two\nlines\tand \x1b[31mcolour", "x" * 448 + '"' * 99)
        ),
    ],
)
def test_the_file_is_json_for_any_error_message(message: str, tmp_path: Path) -> None:
    document = deny(healthy(), "DescribeVpcs")
    call(document, "DescribeVpcs")["error"]["message"] = message
    account = collected(document, tmp_path)
    assert [each.cause for each in account.failed_calls] == [ApiErrorKind.ACCESS_DENIED]


@pytest.mark.long
def test_an_error_from_a_file_equals_the_error_from_the_api(tmp_path: Path) -> None:
    document = deny(healthy(), "DescribeVpcs", code="InternalError")
    call(document, "DescribeVpcs")["error"]["message"] = "An operation failed: try again"
    assert collected(document, tmp_path).failed_calls == account_of(CollectedAnswers(document)).failed_calls


@pytest.mark.long
def test_text_outside_ascii_is_preserved(tmp_path: Path) -> None:
    document = healthy()
    answer(document, "DescribeVpcs")["Vpcs"][0]["Tags"] = [{"Key": "Name", "Value": 'Zürich "東京"\n'}]
    result = collect(document, tmp_path, "--region", REGION, "--key-store", STORE_ID)
    assert answer(json.loads(result.stdout), "DescribeVpcs") == answer(document, "DescribeVpcs")


@pytest.mark.parametrize(
    "printed",
    [
        "{",
        *(pytest.param(each, marks=pytest.mark.long) for each in ("Update available!\n", '{"Vpcs": [', "\n")),
    ],
)
def test_output_that_is_not_a_json_object_is_an_error_of_that_call(printed: str, tmp_path: Path) -> None:
    document = healthy()
    call(document, "DescribeVpcs")["answer"] = printed
    assert [each.cause for each in collected(document, tmp_path).failed_calls] == [ApiErrorKind.FAILED]


@pytest.mark.long
def test_an_empty_answer_is_a_malformed_response(tmp_path: Path) -> None:
    document = healthy()
    call(document, "DescribeVpcEndpointConnections")["answer"] = ""
    account = collected(document, tmp_path)
    assert account.failed_calls == ()
    assert isinstance(account.connections, Unavailable)
    assert account.connections.cause is ApiErrorKind.MALFORMED_RESPONSE


def test_values_that_could_inject_arguments_are_not_used_in_calls(tmp_path: Path) -> None:
    document = healthy()
    service = answer(document, "DescribeVpcEndpointServiceConfigurations")["ServiceConfigurations"][0]
    service["NetworkLoadBalancerArns"] = ['a","b', "$(id)", "../*", "--debug x"]
    result = collect(document, tmp_path, "--region", REGION, "--key-store", STORE_ID)
    assert result.returncode == 0
    assert "elbv2" not in (tmp_path / "calls.txt").read_text()
    json.loads(result.stdout)


def test_each_call_only_reads_and_is_printed(tmp_path: Path) -> None:
    result = collect(healthy(), tmp_path, "--region", REGION, "--service", SERVICE_NAME)
    calls = (tmp_path / "calls.txt").read_text().splitlines()
    assert calls
    assert all(each.split()[1].startswith(("describe-", "get-")) for each in calls)
    assert result.stderr.splitlines() == [f"aws {each}" for each in calls]


def test_the_script_uses_only_features_of_bash_3_2() -> None:
    """macOS has bash 3.2: no mapfile, no associative arrays, and with ``set -u`` an empty array is an error."""
    script = SCRIPT.read_text(encoding="utf-8")
    code = "\n".join(line for line in script.splitlines() if not line.lstrip().startswith("#"))
    newer = r"\b(mapfile|readarray|coproc)\b|\b(declare|local|typeset) -[gnA]|\[@\]|\[\*\]|\w=\(|,,\}|\^\^\}|\|&|&>>"
    assert re.findall(newer, code) == []


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--region", REGION],
        ["--what"],
        ["--service", SERVICE_NAME],
        ["--service", SERVICE_NAME, "--region"],
        ["--region", REGION, "--service", 'a","b'],
        ["--region", REGION, "--key-store", "x'] | [0"],
        ["--region", "$(id)", "--key-store", STORE_ID],
    ],
)
def test_a_usage_error_is_one_line(arguments: list[str], tmp_path: Path) -> None:
    result = collect(healthy(), tmp_path, *arguments)
    assert result.returncode == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "calls.txt").exists()


def test_a_missing_aws_cli_is_reported_in_one_line(tmp_path: Path) -> None:
    bash = shutil.which("bash")
    assert bash is not None
    command = [bash, str(SCRIPT), "--region", REGION, "--key-store", STORE_ID]
    result = subprocess.run(
        command, capture_output=True, text=True, timeout=250, check=False, env={"PATH": str(tmp_path)}
    )
    assert (result.returncode, result.stdout, len(result.stderr.splitlines())) == (2, "", 1)
