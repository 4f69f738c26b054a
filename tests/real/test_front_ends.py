"""nginx and HAProxy in front of a proxy: `health` and `tls` name them, the cause and the fix."""

import json
import shlex
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from support.network import front_ends
from support.network.xks_proxy import HOST, KEY_ID, SECRET
from support.reports.schema_check import faults
from support.tls.authority import Authority

from probe.commands import app
from probe.commands.exits import Exit

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        shutil.which("nginx") is None or shutil.which("haproxy") is None, reason="needs nginx and haproxy"
    ),
]
Output = pytest.CaptureFixture[str]
Ports = dict[str, dict[str, int]]
RESPONSE, ANSWERED = "health-response-is-valid", "tls-handshake-is-answered"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Path:
    file = tmp_path_factory.mktemp("root") / "root.pem"
    file.write_bytes(authority.root.public_bytes(Encoding.PEM))
    return file


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory, authority: Authority, root: Path) -> Iterator[Ports]:
    """The ports of both servers by fault. Behind them are a closed port, a silent one, and one that hangs up."""
    folder = tmp_path_factory.mktemp("front-ends")
    pem = authority.issue(HOST, dns_names=(HOST,)).write(folder)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        behind = {"UPSTREAM": f"127.0.0.1:{closed.getsockname()[1]}"}
    with socket.create_server(("127.0.0.1", 0)) as silent:  # the kernel accepts, and nothing reads
        behind["SILENT"] = f"127.0.0.1:{silent.getsockname()[1]}"
        with front_ends.nginx(folder, pem, root, behind) as of_nginx:
            behind["HANGS-UP"] = f"127.0.0.1:{of_nginx['proxy-protocol']}"
            with front_ends.haproxy(folder, pem, behind) as of_haproxy:
                yield {"nginx": of_nginx, "haproxy": of_haproxy}


@pytest.fixture
def run(root: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output) -> Callable[..., Any]:
    """``run(command, *arguments)``: the exit status and the document, validated by its schema."""
    monkeypatch.setenv("XKS_PROXY_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("XKS_PROXY_SECRET_ACCESS_KEY", SECRET)

    def run_json(command: str, *arguments: str) -> tuple[int, dict[str, Any]]:
        status = app.run([command, *arguments, "--extra-authority", str(root), "--format", "json"])
        document: dict[str, Any] = json.loads(capsys.readouterr().out)
        assert faults(document, command) == []
        return status, document

    return run_json


def verdict(document: dict[str, Any], requirement: str) -> dict[str, Any]:
    found: dict[str, Any] = next(v for v in document["verdicts"] if v["requirement"] == requirement)
    return found


@pytest.mark.parametrize(
    ("server", "fault", "status", "words", "fix"),
    [
        ("nginx", "bad-gateway", 502, "nginx gets no valid answer from the proxy behind it", "error_log"),
        ("nginx", "gateway-timeout", 504, "nginx got no answer in time", "250 ms"),
        ("nginx", "unavailable", 503, "nginx has no proxy behind it", "healthy by its health check"),
        ("nginx", "rate-limited", 429, "nginx limits the rate", "1,800 requests"),
        ("nginx", "redirected", 301, 'Location "https://elsewhere.example.com/kms', "without a redirect"),
        ("nginx", "forbidden", 403, "nginx refuses the request", "Exempt POST requests"),
        ("nginx", "replaced", 401, "hides that the proxy refuses the credential", "proxy_intercept_errors"),
        ("nginx", "client-certificate", 400, "nginx demands a client certificate", "ssl_verify_client"),
        ("nginx", "compressed", 200, "nginx compresses the response", "Turn off compression"),
        ("haproxy", "bad-gateway", 502, "HAProxy gets no valid answer", "termination state"),
        ("haproxy", "gateway-timeout", 504, "HAProxy got no answer in time", "termination state"),
        ("haproxy", "unavailable", 503, "HAProxy has no proxy behind it", "termination state"),
        ("haproxy", "rate-limited", 429, "in front of the proxy limits the rate", "1,800 requests"),
        ("haproxy", "forbidden", 403, "HAProxy refuses the request", "Exempt POST requests"),
        ("haproxy", "redirected", 302, 'Location "https://elsewhere.example.com/"', "without a redirect"),
    ],
)
def test_health_names_the_front_end_that_answered_instead_of_the_proxy(
    server: str, fault: str, status: int, words: str, fix: str, ports: Ports, run: Callable[..., Any]
) -> None:
    where = f"127.0.0.1:{ports[server][fault]}"
    exit_status, document = run(
        "health", f"https://{HOST}/kms/xks/v1", "--region", "eu-west-1", "--connect-to", where
    )
    found = verdict(document, RESPONSE)
    assert (exit_status, document["cold"]["status"]) == (Exit.VIOLATED, status), found["because"]
    assert found["outcome"] == "violated"
    assert words in found["because"]
    assert fix in found["remedy"]["text"]
    assert (document["cold"]["server"] or "").startswith("nginx" if server == "nginx" else "")


def test_a_page_that_is_too_large_to_read_is_recognised_by_its_beginning(
    ports: Ports, run: Callable[..., Any]
) -> None:
    where = f"127.0.0.1:{ports['nginx']['large-page']}"
    exit_status, document = run(
        "health", f"https://{HOST}/kms/xks/v1", "--region", "eu-west-1", "--connect-to", where
    )
    found = verdict(document, RESPONSE)
    assert (exit_status, found["outcome"]) == (Exit.VIOLATED, "violated")
    assert document["cold"]["failure"]["detail"] == "the body is larger than 65536 bytes"
    assert "nginx does not know the path (status 404" in found["because"]
    assert "Correct the key store's URI path" in found["remedy"]["text"]
    assert verdict(document, "uri-path-is-served")["outcome"] == "violated"


def test_a_header_that_is_too_large_to_read_is_unknown_and_has_a_fix(
    ports: Ports, run: Callable[..., Any]
) -> None:
    where = f"127.0.0.1:{ports['nginx']['large-header']}"
    _, document = run("health", f"https://{HOST}/kms/xks/v1", "--region", "eu-west-1", "--connect-to", where)
    found = verdict(document, RESPONSE)
    assert found["outcome"] == "unknown"
    assert "the header is larger than 16384 bytes" in found["because"]
    assert "shorten it" in found["remedy"]["text"]


def test_a_path_that_nginx_does_not_know_is_told_by_the_requirement_on_the_path(
    ports: Ports, run: Callable[..., Any]
) -> None:
    where = f"127.0.0.1:{ports['nginx']['not-found']}"
    _, document = run("health", f"https://{HOST}/kms/xks/v1", "--region", "eu-west-1", "--connect-to", where)
    path = verdict(document, "uri-path-is-served")
    assert path["outcome"] == "violated"
    assert "nginx does not know the path (status 404" in path["because"]
    assert verdict(document, RESPONSE)["told_by"] == ["uri-path-is-served"]


def test_a_haproxy_with_only_http_2_closes_and_the_printed_command_gets_an_answer(
    ports: Ports, run: Callable[..., Any]
) -> None:
    where = f"127.0.0.1:{ports['haproxy']['http-2-only']}"
    _, document = run("health", f"https://{HOST}/kms/xks/v1", "--region", "eu-west-1", "--connect-to", where)
    found = verdict(document, RESPONSE)
    assert found["outcome"] == "violated"
    assert "The server speaks only HTTP/2" in found["remedy"]["text"]
    command = shlex.split(found["remedy"]["cli"])
    done = subprocess.run([*command, "--silent"], capture_output=True, text=True, timeout=250, check=False)
    # A busy haproxy may refuse the stream each time; the protocol is agreed all the same.
    assert "server accepted h2" in done.stderr
    assert "HTTP/2 503" in done.stderr or "REFUSED_STREAM" in done.stderr


@pytest.mark.parametrize(
    ("server", "fault", "words", "fix"),
    [
        ("nginx", "proxy-protocol", "cut it instead", "expects a PROXY protocol header"),
        ("haproxy", "proxy-protocol", "cut it instead", "expects a PROXY protocol header"),
        ("nginx", "name-wanted", "no certificate for this name", "Configure myproxy-private"),
        ("haproxy", "name-wanted", "no certificate for this name", "Configure myproxy-private"),
        ("nginx", "plain-http", 'begins with "HTTP/1.1 400 Bad Request', "Enable TLS on this port"),
    ],
)
def test_tls_names_the_cause_where_no_handshake_is_answered(
    server: str, fault: str, words: str, fix: str, ports: Ports, run: Callable[..., Any]
) -> None:
    name = HOST if fault != "name-wanted" else f"{HOST}.example"
    status, document = run("tls", f"127.0.0.1:{ports[server][fault]}", "--server-name", name)
    found = verdict(document, ANSWERED)
    assert (status, found["outcome"]) == (Exit.VIOLATED, "violated"), found
    assert words in found["because"]
    assert fix in found["remedy"]["text"]
    assert verdict(document, "tls-version-is-supported")["outcome"] == "unknown"


@pytest.mark.parametrize("server", ["nginx", "haproxy"])
def test_without_a_server_name_a_server_that_wants_one_is_unknown(
    server: str, ports: Ports, run: Callable[..., Any]
) -> None:
    _, document = run("tls", f"127.0.0.1:{ports[server]['name-wanted']}")
    found = verdict(document, ANSWERED)
    assert (found["outcome"], document["alert"]) == ("unknown", 112)
    assert "--server-name" in found["remedy"]["text"]


@pytest.mark.parametrize("server", ["nginx", "haproxy"])
def test_the_printed_command_sends_the_header_that_the_server_expects(
    server: str, ports: Ports, run: Callable[..., Any]
) -> None:
    where = f"127.0.0.1:{ports[server]['proxy-protocol']}"
    _, document = run("tls", where, "--server-name", HOST)
    command = shlex.split(verdict(document, ANSWERED)["remedy"]["cli"])
    done = subprocess.run([*command, "--silent"], capture_output=True, text=True, timeout=250, check=False)
    assert "SSL connection using TLS" in done.stderr
