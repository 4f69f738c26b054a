"""`init` writes what the AWS account lists, from collected answers, and what is wrong is one line."""

import json
from pathlib import Path

import pytest
from support.accounts.collected import HOST, REGION, SERVICE_NAME, STORE_ID, deny, healthy

from probe.commands import app
from probe.commands.exits import Exit

Output = pytest.CaptureFixture[str]


def account(folder: Path, document: object) -> str:
    file = folder / "account.json"
    file.write_text(json.dumps(document))
    return str(file)


def init(*arguments: str) -> int:
    return app.run(["init", *arguments])


@pytest.mark.loopback
@pytest.mark.parametrize(
    "options",
    [("--key-store", STORE_ID), ("--endpoint-service", SERVICE_NAME)],
    ids=["a key store", "an endpoint service"],
)
def test_the_written_file_lists_all_nodes_and_targets(
    options: tuple[str, str], tmp_path: Path, capsys: Output
) -> None:
    given, file = account(tmp_path, healthy()), tmp_path / "xks-probe.yaml"
    assert init(*options, "--account", given, "--output", str(file)) == Exit.FINE
    assert "add the key managers" in capsys.readouterr().err
    assert app.run(["check-config", "-c", str(file)]) == Exit.FINE
    shown = capsys.readouterr().out
    for address in ("10.0.1.10:443", "10.0.2.10:443"):
        assert address in shown
    assert "also discover" not in shown
    text = file.read_text()
    assert f"private_dns_name: {HOST}" in text
    assert f"region: {REGION}" in text


@pytest.mark.loopback
def test_a_hyphen_prints_the_file(tmp_path: Path, capsys: Output) -> None:
    given = account(tmp_path, healthy())
    assert init("--key-store", STORE_ID, "--account", given, "--output", "-") == Exit.FINE
    assert "discovery: false" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--key-store", "x"], "--key-store: 'x' is not valid; expected an id such as cks-"),
        (["--endpoint-service", "x"], "--endpoint-service: 'x' is not valid; expected com.amazonaws.vpce"),
        (["--region", "eu-west-1"], "--region: give --key-store or --endpoint-service, too"),
        (["--account", "x"], "--account: give --key-store or --endpoint-service, too"),
    ],
)
def test_wrong_usage_is_one_line(
    arguments: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    monkeypatch.chdir(tmp_path)
    assert init(*arguments) == Exit.USAGE
    shown = capsys.readouterr().err
    assert words in shown
    assert shown.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.loopback
def test_a_key_store_that_does_not_exist_is_wrong_usage(tmp_path: Path, capsys: Output) -> None:
    given = account(tmp_path, healthy())
    assert init("--key-store", "cks-0", "--account", given, "--output", "-") == Exit.USAGE
    assert "cks-0 does not exist in eu-west-1" in capsys.readouterr().err


@pytest.mark.loopback
def test_if_aws_lists_nothing_the_reasons_are_given(tmp_path: Path, capsys: Output) -> None:
    given = account(tmp_path, deny(healthy(), "DescribeVpcEndpointServiceConfigurations"))
    assert init("--key-store", STORE_ID, "--account", given, "--output", "-") == Exit.USAGE
    shown = capsys.readouterr().err
    assert "AWS lists no node and no target to probe" in shown
    assert "ec2:DescribeVpcEndpointServiceConfigurations" in shown


@pytest.mark.loopback
def test_an_existing_file_is_refused_before_aws_is_asked(tmp_path: Path, capsys: Output) -> None:
    file = tmp_path / "xks-probe.yaml"
    file.write_text("mine")
    assert init("--key-store", STORE_ID, "--output", str(file)) == Exit.USAGE
    assert "exists already" in capsys.readouterr().err
    assert file.read_text() == "mine"
