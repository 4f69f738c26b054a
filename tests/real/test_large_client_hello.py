"""A ClientHello of two segments, answered by real servers, and lost or reset by a middlebox with nftables."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from support.reports.schema_check import faults
from support.tls import tls_servers
from support.tls.certificates import HOST, Pki

from probe.commands import app

pytestmark = pytest.mark.real
LARGE = "large-client-hello-is-answered"
_STARTED_WITHIN_S = 60.0
TESTS = Path(__file__).parents[1]
ENVIRONMENT = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin", "PYTHONPATH": str(TESTS)}
Output = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def pki() -> Pki:
    return Pki()


def outcomes(document: dict[str, Any]) -> dict[str, str]:
    return {each["requirement"]: each["outcome"] for each in document["verdicts"]}


def run_json(capsys: Output, port: int) -> dict[str, Any]:
    where = f"127.0.0.1:{port}"
    app.run(
        ["tls", where, "--server-name", HOST, "--large-client-hello", "--timeout", "20", "--format", "json"]
    )
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert faults(document, "tls") == []
    assert document["failure"] is None
    return document


def test_openssl_answers_a_large_client_hello(pki: Pki, tmp_path: Path, capsys: Output) -> None:
    with tls_servers.openssl(tmp_path / "server", pki.chain(), "-www") as server:
        document = run_json(capsys, server.port())
    assert outcomes(document)[LARGE] == "met"
    assert document["large_client_hello"]["answer"] in {"server_hello", "hello_retry_request"}


NGINX = """
daemon off; pid {folder}/pid; error_log {folder}/log info; events {{}}
http {{
  access_log off; client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {folder}/chain.pem; ssl_certificate_key {folder}/key.pem;
    location / {{ return 200; }} }}
}}
"""
HAPROXY = """
defaults
  mode http
  timeout client 30s
  timeout connect 5s
  timeout server 30s
frontend tls
  bind 127.0.0.1:{port} ssl crt {folder}/both.pem
  http-request return status 200
"""


@pytest.mark.parametrize(
    ("program", "arguments", "configuration"),
    [("nginx", ("-e", "{folder}/log", "-c"), NGINX), ("haproxy", ("-db", "-f"), HAPROXY)],
)
def test_common_proxies_answer_a_large_client_hello(
    program: str, arguments: Sequence[str], configuration: str, pki: Pki, tmp_path: Path, capsys: Output
) -> None:
    found = shutil.which(program, path=ENVIRONMENT["PATH"])
    if found is None:
        pytest.skip(f"{program} is not installed")
    chain = pki.chain()
    (tmp_path / "chain.pem").write_text("".join(each.pem for each in chain))
    (tmp_path / "key.pem").write_bytes(chain[0].key_pem)
    (tmp_path / "both.pem").write_bytes(chain[0].key_pem + (tmp_path / "chain.pem").read_bytes())
    port = free_port()
    file = tmp_path / "configuration"
    file.write_text(configuration.format(folder=tmp_path, port=port))
    tmp_path.chmod(0o755)
    command = [found, *(each.format(folder=tmp_path) for each in arguments), str(file)]
    with running(command, tmp_path):
        wait_for(port)
        document = run_json(capsys, port)
    assert outcomes(document)[LARGE] == "met"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextlib.contextmanager
def running(command: Sequence[str], folder: Path) -> Iterator[None]:
    with (folder / "output").open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=_STARTED_WITHIN_S)


def wait_for(port: int) -> None:
    """Until a connection is accepted."""
    until = time.monotonic() + _STARTED_WITHIN_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
        except OSError:
            assert time.monotonic() < until, "the server did not start"
            time.sleep(0.05)
        else:
            return


# The namespace's loopback interface has a large MTU, so the ClientHello is sent in two halves of 700 to 900 bytes.
# The first one marks the connection, and then only segments without data pass. A small ClientHello has 334 bytes.
MIDDLEBOX = """
table ip middlebox {{
  chain output {{
    type filter hook output priority 0;
    tcp dport {port} ct mark 1 ip length > 60 {verdict}
    tcp dport {port} ip length 700-900 ct mark set 1
  }}
}}
"""
PROGRAM = """
import subprocess, sys
from pathlib import Path
from support.tls import tls_servers
from support.tls.certificates import HOST, Pki
from probe.commands import app

rules, folder = sys.argv[1], Path(sys.argv[2])
with tls_servers.openssl(folder / "server", Pki().chain(), "-www") as server:
    port = server.port()
    subprocess.run(["nft", "-f", "-"], input=rules.replace("PORT", str(port)), text=True, check=True)
    where = f"127.0.0.1:{port}"
    options = ["--server-name", HOST, "--large-client-hello", "--timeout", sys.argv[3], "--format", "json"]
    app.run(["tls", where, *options])
"""
_UNSHARE = ("unshare", "--user", "--map-root-user", "--net")
_RULES_WORK = "nft -f - && ip link set lo up"


@pytest.mark.parametrize(
    ("verdict", "answer", "words", "timeout"),
    [
        ("drop", "timed_out", "black hole", "10"),
        ("reject with tcp reset", "reset", "reset by the peer", "40"),
    ],
)
def test_a_middlebox_that_stops_the_second_segment_is_found(
    verdict: str, answer: str, words: str, timeout: str, tmp_path: Path
) -> None:
    rules = MIDDLEBOX.format(port="PORT", verdict=verdict)
    tried = subprocess.run(
        [*_UNSHARE, "sh", "-c", _RULES_WORK],
        input=rules.replace("PORT", "443"),
        capture_output=True,
        text=True,
        check=False,
        env=ENVIRONMENT,
    )
    if tried.returncode != 0:
        pytest.skip(f"no namespaces with nftables here: {tried.stderr.strip()}")

    done = subprocess.run(
        [
            *(*_UNSHARE, "sh", "-c", 'ip link set lo up && exec "$@"', "sh"),
            *(sys.executable, "-c", PROGRAM, rules, str(tmp_path), timeout),
        ],
        capture_output=True,
        text=True,
        check=False,
        env=ENVIRONMENT,
    )

    document = json.loads(done.stdout)
    (found,) = [each for each in document["verdicts"] if each["requirement"] == LARGE]
    assert document["failure"] is None  # the handshake with a small ClientHello
    assert document["large_client_hello"]["answer"] == answer, done.stderr
    assert (found["outcome"], found["level"], found["kms_errors"]) == ("violated", "advice", [])
    assert words in found["because"]
