"""deploy/aws/collect.sh: the same account by file as by API, read-only, and errors that are told."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from collected import REGION, SERVICE_NAME, STORE_ID, answer, deny, healthy, written

from probe.audit import audit
from probe.aws.recorded import Recorded, read
from probe.model.account import Account, Cause

pytestmark = pytest.mark.loopback
SCRIPT = Path(__file__).parents[2] / "deploy" / "aws" / "collect.sh"
FAKE = Path(__file__).parent / "fake_aws.py"


def collect(document: dict[str, Any], directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The script, with a stand-in for the AWS CLI first in PATH."""
    program = directory / "aws"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{FAKE}" "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    environment = {
        "PATH": f"{directory}:{os.environ['PATH']}",
        "FAKE_AWS": str(written(document, directory)),
        "FAKE_AWS_LOG": str(directory / "calls.txt"),
    }
    return subprocess.run(
        [str(SCRIPT), *arguments], capture_output=True, text=True, timeout=120, check=False, env=environment
    )


def account_of(caller: Recorded) -> Account:
    return audit(caller, key_store_id=STORE_ID, service_name=None, taken_at_s=0.0, timeout_s=20.0)


def collected(document: dict[str, Any], directory: Path) -> Account:
    done = collect(document, directory, "--region", REGION, "--key-store", STORE_ID)
    assert done.returncode == 0, done.stderr
    file = directory / "collected.json"
    file.write_text(done.stdout, encoding="utf-8")
    return account_of(read(file))


def test_the_account_is_the_same_by_file_as_by_api(tmp_path: Path) -> None:
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
    assert replace(by_file, collected_at=None) == replace(account_of(Recorded(document)), collected_at=None)
    assert by_file.collected_at is not None
    assert by_file.failed_calls == ()


def test_what_is_denied_is_denied_in_the_file(tmp_path: Path) -> None:
    account = collected(deny(healthy(), "DescribeVpcs", "DescribeTargetHealth"), tmp_path)
    assert {(each.call, each.cause) for each in account.failed_calls} == {
        ("ec2:DescribeVpcs", Cause.ACCESS_DENIED),
        ("elasticloadbalancing:DescribeTargetHealth", Cause.ACCESS_DENIED),
    }


def test_without_any_permission_the_file_still_says_so(tmp_path: Path) -> None:
    account = collected(deny(healthy()), tmp_path)
    assert {each.cause for each in account.failed_calls} == {Cause.ACCESS_DENIED}


def test_each_call_only_reads_and_is_printed(tmp_path: Path) -> None:
    done = collect(healthy(), tmp_path, "--region", REGION, "--service", SERVICE_NAME)
    calls = (tmp_path / "calls.txt").read_text().splitlines()
    assert calls
    assert all(call.split()[1].startswith(("describe-", "get-")) for call in calls)
    assert len(done.stderr.splitlines()) == len(json.loads(done.stdout)["calls"])


@pytest.mark.parametrize("arguments", [[], ["--region", REGION], ["--what"], ["--service", SERVICE_NAME]])
def test_wrong_usage_is_one_line(arguments: list[str], tmp_path: Path) -> None:
    done = collect(healthy(), tmp_path, *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
