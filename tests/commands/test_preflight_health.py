"""`xks-probe preflight` with a credential, against a proxy on loopback: health, budget, and a secret that shows nowhere."""

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
    """A preflight of a healthy proxy, whose account has nothing else that could be probed."""
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


def test_a_healthy_proxy_is_judged_healthy(arguments: list[str], capsys: Output) -> None:
    app.run([*arguments, "--format", "json", "--key-id", "foo"])
    document = json.loads(capsys.readouterr().out)
    said = outcomes(document)
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
        assert said[requirement] == "met", requirement
    assert abs(document["clock_offset_seconds"]) <= 2
    assert document["matrix"][0]["health"]["outcome"] == "met"


@pytest.mark.parametrize("form", ["text", "json", "markdown", "junit", "html"])
def test_the_credential_shows_in_no_output_and_no_log(
    arguments: list[str], form: str, capsys: Output, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    app.run([*arguments, "--format", form])
    said = capsys.readouterr()
    for text in (said.out, said.err, caplog.text):
        assert SECRET not in text
        assert KEY_ID not in text


def test_a_crash_does_not_show_it() -> None:
    """A bug while signing: the traceback has no values."""
    program = (
        "import botocore.auth as auth\n"
        "def broken(self, request): raise RuntimeError('oops')\n"
        "auth.SigV4Auth.add_auth = broken\n"
        "from probe.signing.credential import Credential\n"
        "from probe.signing.sigv4 import Signer\n"
        "import os\n"
        "Signer(Credential('A' * 20, os.environ['MARKER']), 'eu-west-1').headers('h', '/p', b'')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env={"MARKER": SECRET},
    )
    assert done.returncode != 0
    assert "oops" in done.stderr
    assert SECRET not in done.stderr


def test_without_a_credential_the_rest_is_judged(
    arguments: list[str], capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XKS_PROXY_ACCESS_KEY_ID")
    monkeypatch.delenv("XKS_PROXY_SECRET_ACCESS_KEY")
    app.run([*arguments, "--format", "json"])
    said = outcomes(json.loads(capsys.readouterr().out))
    assert said["credential-is-accepted"] == said["credential-is-well-formed"] == "unknown"
    assert (
        said["get-is-refused"] == said["unsigned-request-is-refused"] == said["common-name-matches"] == "met"
    )
