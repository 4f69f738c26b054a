"""`xks-probe health` against a proxy on loopback: status, document, the budget as a bar, wrong usage."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from support.network.xks_proxy import HOST, KEY_ID, SECRET, XksServer, error
from support.reports.schema_check import faults
from support.tls.authority import Authority

from probe.commands import app
from probe.commands.exits import Exit

pytestmark = pytest.mark.loopback
Output = pytest.CaptureFixture[str]
URL = f"https://{HOST}/kms/xks/v1"


@pytest.fixture
def ask(
    authority: Authority, tmp_path: Path, tcp_server: Any, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> Any:
    """``ask(*arguments, **changes of the server)``: status, and what was written."""
    monkeypatch.setenv("XKS_PROXY_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("XKS_PROXY_SECRET_ACCESS_KEY", SECRET)
    root = tmp_path / "root.pem"
    root.write_bytes(authority.root.public_bytes(Encoding.PEM))

    def run(*arguments: str, **changes: Any) -> tuple[int, str]:
        server = XksServer(
            certificate=str(authority.issue(HOST, dns_names=(HOST,)).write(tmp_path)), **changes
        )
        at = f"127.0.0.1:{tcp_server(server.serve)}"
        words = ["health", URL, "--region", "eu-west-1", "--connect-to", at, "--extra-authority", str(root)]
        status = app.run([*words, *arguments])
        said = capsys.readouterr()
        assert SECRET not in said.out + said.err
        return status, said.out

    return run


def test_a_healthy_proxy_is_fine(ask: Any) -> None:
    status, out = ask("--format", "json", "--key-id", "foo")
    document = json.loads(out)
    assert faults(document, "health") == []
    assert status == Exit.FINE, [v for v in document["verdicts"] if v["outcome"] != "met"]
    assert document["cold"]["status"] == document["warm"]["status"] == 200
    assert set(document["cold"]["phases_seconds"]) == {"connect", "handshake", "wait", "receive"}
    assert set(document["warm"]["phases_seconds"]) == {"wait", "receive"}
    assert document["cold"]["total_seconds"] == pytest.approx(
        sum(document["cold"]["phases_seconds"].values())
    )


def test_a_refusal_is_violated_in_kmss_words(ask: Any) -> None:
    status, out = ask("--format", "json", secret="x" * 43)
    document = json.loads(out)
    assert faults(document, "health") == []
    assert status == Exit.VIOLATED
    (verdict,) = (v for v in document["verdicts"] if v["requirement"] == "credential-is-accepted")
    assert "INVALID_CREDENTIALS" in {each["error"] for each in verdict["kms_errors"]}


def test_a_proxy_in_trouble_is_violated(ask: Any) -> None:
    status, _ = ask(answer=lambda _asked: error(503, "DependencyTimeoutException"))
    assert status == Exit.VIOLATED


def test_the_budget_is_drawn(ask: Any) -> None:
    status, out = ask()
    assert status in (Exit.FINE, Exit.UNKNOWN)
    assert "Time budget of a call" in out
    assert "handshake" in out


def test_silence_is_violated_and_has_a_document(ask: Any) -> None:
    status, out = ask("--format", "json", "--timeout", "3", delay_s=1.2)
    document = json.loads(out)
    assert faults(document, "health") == []
    assert status == Exit.VIOLATED
    assert document["cold"]["failure"]["reason"] == "timed_out"
    assert document["warm"] is None


@pytest.mark.parametrize(
    "url",
    [
        HOST,
        f"http://{HOST}/kms/xks/v1",
        f"https://{HOST}:443/kms/xks/v1",
        f"https://{HOST}/health",
        "https:///kms/xks/v1",
    ],
)
def test_a_url_that_kms_would_not_take_is_wrong_usage(url: str, capsys: Output) -> None:
    assert app.run(["health", url, "--region", "eu-west-1"]) == Exit.USAGE
    assert len(capsys.readouterr().err.splitlines()) == 1
