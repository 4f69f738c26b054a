"""`xks-probe preflight` with a collected account: exit status, output, usage errors. It uses only loopback."""

import json
from pathlib import Path
from typing import Any

import pytest
from support.accounts.collected import HOST, REGION, SERVICE_NAME, STORE_ID, answer, deny, healthy, written
from support.reports.schema_check import faults

from probe.commands import app
from probe.commands.exits import Exit

pytestmark = pytest.mark.loopback
Output = pytest.CaptureFixture[str]
NEW = ["--endpoint-service", SERVICE_NAME, "--uri-path", "/kms/xks/v1"]


def offline(document: dict[str, Any]) -> dict[str, Any]:
    """The same account without targets to probe."""
    answer(document, "DescribeNetworkInterfaces")["NetworkInterfaces"] = []
    answer(document, "DescribeTargetHealth")["TargetHealthDescriptions"] = []
    return document


def preflight(document: dict[str, Any], directory: Path, output: Output, *arguments: str) -> tuple[int, Any]:
    file = written(document, directory)
    command = [
        "preflight",
        "--account",
        str(file),
        "--timeout",
        "20",
        "--public-resolver",
        "127.0.0.1",
        "--format",
        "json",
        *arguments,
    ]
    status = app.run(command)
    captured = output.readouterr()
    return status, json.loads(captured.out) if captured.out else captured.err


def outcomes(document: dict[str, Any]) -> dict[str, str]:
    return {verdict["requirement"]: verdict["outcome"] for verdict in document["verdicts"]}


def test_a_collected_account_is_evaluated_and_its_document_fulfils_the_schema(
    tmp_path: Path, capsys: Output
) -> None:
    status, document = preflight(offline(healthy()), tmp_path, capsys, *NEW)
    assert faults(document, "preflight") == []
    outcome_of = outcomes(document)
    assert outcome_of["kms-is-an-allowed-principal"] == "met"
    assert outcome_of["private-dns-name-matches-the-endpoint"] == "met"
    assert document["uri_endpoint"] == f"https://{HOST}"
    assert status == Exit.VIOLATED  # there is no target


def test_the_document_of_an_existing_key_store_has_its_reported_state(tmp_path: Path, capsys: Output) -> None:
    _, document = preflight(offline(healthy()), tmp_path, capsys, "--key-store", STORE_ID)
    assert (document["key_store"], document["region"]) == (STORE_ID, REGION)
    assert document["actual"]["connection_state"] == "CONNECTED"
    assert outcomes(document)["endpoint-service-is-unused"] == "met"


def test_without_any_permission_requirements_are_unknown_and_the_action_is_shown(
    tmp_path: Path, capsys: Output
) -> None:
    status, document = preflight(deny(healthy()), tmp_path, capsys, *NEW, "--uri-endpoint", f"https://{HOST}")
    assert status == Exit.UNKNOWN
    assert document["summary"]["violated"] == 0
    assert {each["cause"] for each in document["aws"]["failed_calls"]} <= {"access_denied", "not_asked"}
    assert "kms:DescribeCustomKeyStores" in json.dumps(document["verdicts"])


def test_the_access_key_id_of_a_key_store_is_in_no_output(tmp_path: Path, capsys: Output) -> None:
    for form in ("text", "json", "markdown", "junit", "html"):
        file = written(offline(healthy()), tmp_path)
        app.run(
            [
                "preflight",
                "--account",
                str(file),
                "--key-store",
                STORE_ID,
                "--timeout",
                "0.3",
                "--format",
                form,
            ]
        )
        captured = capsys.readouterr()
        assert "ABCDEFGHIJKLMNOPQRST" not in captured.out + captured.err


def test_a_fault_predicts_the_errors_of_kms(tmp_path: Path, capsys: Output) -> None:
    document = offline(healthy())
    answer(document, "DescribeVpcEndpointServicePermissions")["AllowedPrincipals"] = []
    answer(document, "DescribeCustomKeyStores")["CustomKeyStores"] = []
    answer(document, "DescribeVpcEndpointConnections")["VpcEndpointConnections"] = []
    _, report = preflight(document, tmp_path, capsys, *NEW)
    create = {each["error"]: each["masked_by"] for each in report["prediction"]["create"]["errors"]}
    assert create == {"XksProxyVpcEndpointServiceNotFoundException": None}
    (connect,) = (e for e in report["prediction"]["connect"]["errors"] if e["masked_by"] is None)
    assert connect["error"] == "XKS_VPC_ENDPOINT_SERVICE_NOT_FOUND"
    assert connect["alternatives"] == ["XKS_VPC_ENDPOINT_SERVICE_INVALID_CONFIGURATION"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--key-store", "cks-none"], "cks-none does not exist in eu-west-1"),
        (["--key-store", "x; rm"], "--key-store: 'x; rm'"),
        (["--owner", "123"], "--owner: '123'"),
        (["--region", "eu-west-2"], "--region: the file is from eu-west-1"),
        (["--region", "../x"], "--region: '../x' is not a Region"),
        (["--data-centre", "10.0.0.0/33"], "--data-centre"),
        (["--target", "10.0.0.1:0"], "--target"),
    ],
)
def test_a_usage_error_is_one_line(
    arguments: list[str], message: str, tmp_path: Path, capsys: Output
) -> None:
    status, error = preflight(offline(healthy()), tmp_path, capsys, *NEW, *arguments)
    assert status == Exit.USAGE
    assert message in error
    assert len(error.splitlines()) == 1


def test_a_cloudhsm_key_store_is_a_usage_error(tmp_path: Path, capsys: Output) -> None:
    document = offline(healthy())
    answer(document, "DescribeCustomKeyStores")["CustomKeyStores"][0]["CustomKeyStoreType"] = "AWS_CLOUDHSM"
    status, error = preflight(document, tmp_path, capsys, "--key-store", STORE_ID)
    assert status == Exit.USAGE
    assert "it has no XKS proxy" in error


@pytest.mark.parametrize(
    ("content", "because"),
    [(None, "cannot be read: No such file or directory"), ("root:x:0", "is not JSON; create the file with")],
    ids=["missing", "not JSON"],
)
def test_a_wrong_account_file_is_one_line_with_the_option_and_the_file(
    content: str | None, because: str, tmp_path: Path, capsys: Output
) -> None:
    file = tmp_path / "account.json"
    if content is not None:
        file.write_text(content)
    assert app.run(["preflight", "--account", str(file)]) == Exit.USAGE
    error = capsys.readouterr().err
    assert f"--account {file}: {because}" in error
    assert error.count("\n") == 1


def test_hostile_names_are_escaped_in_every_output(tmp_path: Path, capsys: Output) -> None:
    document = offline(healthy())
    hostile = "\x1b[31m[/red]<script>\n=cmd()" + "x" * 70_000
    answer(document, "DescribeVpcEndpointServiceConfigurations")["ServiceConfigurations"][0][
        "PrivateDnsName"
    ] = hostile
    answer(document, "DescribeLoadBalancers")["LoadBalancers"][0]["Scheme"] = hostile
    for form in ("text", "json", "markdown", "junit", "html"):
        file = written(document, tmp_path)
        app.run(
            [
                "preflight",
                "--account",
                str(file),
                *NEW,
                "--timeout",
                "0.3",
                "--public-resolver",
                "127.0.0.1",
                "--format",
                form,
            ]
        )
        shown = capsys.readouterr().out
        assert "\x1b" not in shown
        assert len(shown) < 300_000


def test_changes_since_an_earlier_report_are_listed(tmp_path: Path, capsys: Output) -> None:
    old = tmp_path / "old.json"
    preflight(offline(healthy()), tmp_path, capsys, *NEW, "--output", str(old))
    document = offline(healthy())
    answer(document, "DescribeVpcEndpointServicePermissions")["AllowedPrincipals"] = []
    _, report = preflight(document, tmp_path, capsys, *NEW, "--against", str(old))
    assert faults(report, "preflight") == []
    changed = {each["what"].split()[0]: each["is_worse"] for each in report["changes"]}
    assert changed["kms-is-an-allowed-principal"] is True
    _, unchanged = preflight(offline(healthy()), tmp_path, capsys, *NEW, "--against", str(old))
    assert unchanged["changes"] == []


@pytest.mark.parametrize("content", ["", "[]", "x"])
def test_an_invalid_earlier_report_is_a_usage_error(content: str, tmp_path: Path, capsys: Output) -> None:
    old = tmp_path / "old.json"
    old.write_text(content)
    status, error = preflight(offline(healthy()), tmp_path, capsys, *NEW, "--against", str(old))
    assert status == Exit.USAGE
    assert len(error.splitlines()) == 1
