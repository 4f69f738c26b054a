"""Detection of a required client certificate from responses, also with a real nginx."""

import contextlib
import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st
from support.tls.authority import Authority

from probe.model.measurements import ClientHelloProfile
from probe.network import Handshake, Network
from probe.network.client_certificate import MAX_ANSWER_BYTES, accepts_none, is_enough

NAME = "xks.example.com"
NGINX_BODY = b"<center>No required SSL certificate was sent</center>"


def http(status: str, body: bytes = b"", *fields: str) -> bytes:
    lines = (f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields)
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@pytest.mark.parametrize(
    ("answer", "accepts"),
    [
        (http("200 OK", b"hello"), True),
        (http("404 Not Found"), True),
        (http("400 Bad Request"), True),
        (http("403 Forbidden", b"unsigned request"), True),
        (http("401 Unauthorized", b"no certificate"), True),
        (http("200 OK", b"certificate"), True),
        (http("400 Bad Request", NGINX_BODY), False),
        (http("403 Forbidden", b"a client CERTIFICATE is needed"), False),
        (http("403 Forbidden", b"", "X-Why: certificate"), False),
        (http("495 SSL Certificate Error"), False),
        (http("496 "), False),
        (b"HTTP/1.0 496\r\n\r\n", False),
        (b"", None),
        (b"HTTP/1.1 4", None),
        (b"HTTP/2 496 \r\n\r\n", None),
        (b"SSH-2.0-x certificate\r\n", None),
    ],
)
def test_only_a_response_about_the_certificate_is_a_refusal(answer: bytes, accepts: bool | None) -> None:
    assert accepts_none(answer) is accepts


@pytest.mark.parametrize(
    ("answer", "enough"),
    [
        (b"", False),
        (b"HTTP/1.1 20", False),
        (b"HTTP/1.1 200 ", True),
        (b"SSH-2.0-x", True),
        (b"HTTP/1.1 400 Bad Request\r\nContent-Length: 3\r\n", False),
        (b"HTTP/1.1 400 Bad Request\r\nContent-Length: 3\r\n\r\nno", False),
        (b"HTTP/1.1 400 Bad Request\r\nContent-Length: 3\r\n\r\nno!", True),
        (b"HTTP/1.1 400 Bad Request\r\ncontent-length:0\r\n\r\n", True),
        (b"HTTP/1.1 400 Bad Request\r\n\r\nsome", False),
        (b"HTTP/1.1 400 Bad Request\r\n\r\nNo certificate", True),
        (b"HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nno!\r\n", False),
        (b"HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nno!\r\n0\r\n\r\n", True),
        (b"HTTP/1.1 400 " + b"x" * MAX_ANSWER_BYTES, True),
        (b"HTTP/1.1 " + b"1" * MAX_ANSWER_BYTES, True),
    ],
)
def test_reading_continues_only_while_more_bytes_could_change_the_result(answer: bytes, enough: bool) -> None:
    assert is_enough(answer) is enough


@given(st.binary(max_size=40), st.sampled_from([b"", b"HTTP/1.1 ", b"HTTP/1.1 400 x\r\n\r\n"]))
def test_any_response_is_classified(data: bytes, begin: bytes) -> None:
    assert accepts_none(begin + data) in (True, False, None)
    assert is_enough(begin + data) in (True, False)


async def shake(port: int, timeout_s: float = 3.0) -> Handshake:
    network = Network()
    connection = await network.connect("127.0.0.1", port)
    try:
        return await network.handshake(connection, NAME, ClientHelloProfile.KMS, timeout_s=timeout_s)
    finally:
        connection.close()
        network.close()


def _optional(context: ssl.SSLContext) -> None:
    context.verify_mode = ssl.CERT_OPTIONAL


@pytest.mark.loopback
@pytest.mark.parametrize(
    ("parts", "answered"),
    [
        ((b"HTTP/1.1 400 Bad Request\r\nContent-Length: 11\r\n\r\n", b"certificate"), False),
        ((b"HTTP/1.1 400 Bad Request\r\n\r\n", b"no certif", b"icate"), False),
        ((b"HTTP/1.1 400 Bad Request\r\n\r\n", b"what?"), True),
        ((b"HTTP/1.1 400 Bad Request\r\n\r\n", b"x" * 2 * MAX_ANSWER_BYTES), True),
        ((b"HTTP/1.1 4",), None),
        ((b"something else\n",), None),
    ],
    ids=["two parts", "ended by closing", "another cause", "endless", "incomplete", "not HTTP"],
)
async def test_a_response_in_parts_is_read_until_it_is_conclusive(
    authority: Authority, tcp_server: Any, tmp_path: Path, parts: tuple[bytes, ...], answered: bool | None
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.issue(NAME).write(tmp_path))
    _optional(context)

    def serve(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            secured.recv(4096)
            for part in parts:
                secured.sendall(part)
                time.sleep(0.01)

    shaken = await shake(tcp_server(serve))

    assert shaken.client_certificate_requested is True
    assert shaken.answered_without_client_certificate is answered


@pytest.mark.loopback
async def test_data_received_before_the_deadline_is_evaluated(authority: Authority, tls_server: Any) -> None:
    def configure(context: ssl.SSLContext) -> None:
        _optional(context)

    port = tls_server(
        authority.issue(NAME), configure, answer=b"HTTP/1.1 400 x\r\nContent-Length: 9\r\n\r\nno"
    )
    assert (await shake(port)).answered_without_client_certificate is True


NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")

NGINX_CONF = """
daemon off; master_process off; pid {0}/pid; error_log {0}/error.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {0}/a; proxy_temp_path {0}/b; fastcgi_temp_path {0}/c;
  uwsgi_temp_path {0}/d; scgi_temp_path {0}/e;
  server {{
    listen 127.0.0.1:{1} ssl;
    ssl_protocols {2};
    ssl_certificate {0}/server.pem; ssl_certificate_key {0}/server.pem;
    ssl_client_certificate {0}/root.pem; ssl_verify_client {3};
    location / {{ return 404; }}
  }}
}}
"""


@pytest.fixture
def nginx(authority: Authority, tmp_path: Path) -> Iterator[Callable[[str, str], int]]:
    """``nginx(protocol, verify)``: the port of an nginx with that ``ssl_verify_client``."""
    with contextlib.ExitStack() as stack:

        def start(protocol: str, verify: str) -> int:
            if NGINX is None:
                pytest.skip("needs nginx (Debian: nginx-light)")
            with socket.create_server(("127.0.0.1", 0)) as free:
                port = free.getsockname()[1]
            authority.issue(NAME).write(tmp_path)
            (tmp_path / "root.pem").write_bytes(authority.root.public_bytes(Encoding.PEM))
            (tmp_path / "nginx.conf").write_text(NGINX_CONF.format(tmp_path, port, protocol, verify))
            process = subprocess.Popen(
                [NGINX, "-e", tmp_path / "error.log", "-p", tmp_path, "-c", tmp_path / "nginx.conf"]
            )
            stack.callback(process.wait, 5)
            stack.callback(process.terminate)
            _wait_for(port, tmp_path / "error.log")
            return port

        yield start


def _wait_for(port: int, log: Path) -> None:
    for _ in range(3000):
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.02)
    pytest.fail(f"nginx does not listen: {log.read_text() if log.exists() else 'no log'}")


@pytest.mark.loopback
@pytest.mark.parametrize("protocol", ["TLSv1.2", "TLSv1.3"])
@pytest.mark.parametrize(("verify", "answered"), [("on", False), ("optional", True)])
async def test_nginx_refuses_over_http_only_if_the_client_certificate_is_required(
    nginx: Callable[[str, str], int], protocol: str, verify: str, answered: bool
) -> None:
    shaken = await shake(nginx(protocol, verify))

    assert shaken.failure is None
    assert (shaken.version, shaken.alert) == (protocol, None)
    assert shaken.client_certificate_requested is True
    assert shaken.answered_without_client_certificate is answered


@pytest.mark.loopback
@pytest.mark.parametrize(("number", "answered"), [(116, False), (40, False), (42, False), (80, None)])
async def test_only_an_alert_about_the_certificate_is_a_refusal(
    authority: Authority, tls_server: Any, monkeypatch: pytest.MonkeyPatch, number: int, answered: bool | None
) -> None:
    """The server sends alert 116; the number in the session is then replaced."""
    from probe.network.tls_session import TlsSession

    def another_number(session: TlsSession) -> int | None:
        return None if session._seen.alert is None else number

    monkeypatch.setattr(TlsSession, "alert", property(another_number))

    def configure(context: ssl.SSLContext) -> None:
        context.verify_mode = ssl.CERT_REQUIRED

    shaken = await shake(tls_server(authority.issue(NAME), configure))

    assert (shaken.client_certificate_requested, shaken.alert) == (True, number)
    assert shaken.answered_without_client_certificate is answered
