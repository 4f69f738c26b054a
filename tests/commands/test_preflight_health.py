"""`xks-probe preflight` with a credential, against a proxy on loopback: health verdicts, and no secret in any output."""

import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from support.accounts.collected import answer, healthy, written
from support.network.xks_proxy import HOST, KEY_ID, SECRET, XksServer
from support.tls.authority import Authority

from probe.commands import app

pytestmark = pytest.mark.loopback
Output = pytest.CaptureFixture[str]


@pytest.fixture
def arguments(
    authority: Authority, tmp_path: Path, tcp_server: Any, monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """The arguments for a preflight of a healthy proxy; its account contains no other target."""
    monkeypatch.setenv("XKS_PROXY_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("XKS_PROXY_SECRET_ACCESS_KEY", SECRET)
    server = XksServer(certificate=str(authority.issue(HOST, dns_names=(HOST,)).write(tmp_path)))
    port = tcp_server(server.serve)
    document = healthy()
    answer(document, "DescribeNetworkInterfaces")["NetworkInterfaces"] = []
    answer(document, "DescribeTargetHealth")["TargetHealthDescriptions"] = []
    answer(document, "DescribeCustomKeyStores")["CustomKeyStores"] = []
    root = tmp_path / "root.pem"
    root.write_bytes(authority.root.public_bytes(Encoding.PEM))
    return [
        *("preflight", "--account", str(written(document, tmp_path)), "--node", f"127.0.0.1:{port}"),
        *("--endpoint-service", "com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0"),
        *("--uri-path", "/kms/xks/v1", "--extra-authority", str(root), "--timeout", "8"),
        *("--public-resolver", "127.0.0.1"),
    ]


def outcomes(document: dict[str, Any]) -> dict[str, str]:
    return {verdict["requirement"]: verdict["outcome"] for verdict in document["verdicts"]}


def test_a_healthy_proxy_meets_every_health_requirement(arguments: list[str], capsys: Output) -> None:
    app.run([*arguments, "--format", "json", "--key-id", "foo"])
    document = json.loads(capsys.readouterr().out)
    outcome_of = outcomes(document)
    for requirement in (
        "credential-is-well-formed",
        "credential-is-accepted",
        "proxy-clock-is-right",
        "uri-path-is-served",
        "proxy-admits-kms",
        "health-response-is-valid",
        "health-answers-within-250-ms",
        "key-manager-is-available",
        "two-key-managers",
        "large-body-is-answered",
        "get-is-refused",
        "unsigned-request-is-refused",
        "key-metadata-is-usable",
    ):
        assert outcome_of[requirement] == "met", requirement
    assert abs(document["clock_offset_seconds"]) <= 2
    assert document["matrix"][0]["health"]["outcome"] == "met"


@pytest.mark.parametrize("form", ["text", "json", "markdown", "junit", "html"])
def test_the_credential_is_in_no_output_and_no_log(
    arguments: list[str], form: str, capsys: Output, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    app.run([*arguments, "--format", form])
    captured = capsys.readouterr()
    for text in (captured.out, captured.err, caplog.text):
        assert SECRET not in text
        assert KEY_ID not in text


def test_a_traceback_does_not_contain_the_credential() -> None:
    """A bug in the signing code raises an exception; its traceback contains no values."""
    program = (
        "import botocore.auth as auth\n"
        "def broken(self, request): raise RuntimeError('oops')\n"
        "auth.SigV4Auth.add_auth = broken\n"
        "from probe.signing.credential import Credential\n"
        "from probe.signing.sigv4 import Signer\n"
        "import os\n"
        "Signer(Credential('A' * 20, os.environ['MARKER']), 'eu-west-1').headers('h', '/p', b'')\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
        env={"MARKER": SECRET},
    )
    assert result.returncode != 0
    assert "oops" in result.stderr
    assert SECRET not in result.stderr


def test_without_a_credential_the_other_requirements_are_evaluated(
    arguments: list[str], capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XKS_PROXY_ACCESS_KEY_ID")
    monkeypatch.delenv("XKS_PROXY_SECRET_ACCESS_KEY")
    app.run([*arguments, "--format", "json"])
    outcome_of = outcomes(json.loads(capsys.readouterr().out))
    assert outcome_of["credential-is-accepted"] == outcome_of["credential-is-well-formed"] == "unknown"
    assert (
        outcome_of["get-is-refused"]
        == outcome_of["unsigned-request-is-refused"]
        == outcome_of["common-name-matches"]
        == "met"
    )
