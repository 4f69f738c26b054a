"""nginx and HAProxy in front of an XKS proxy, each with one fault per port of 127.0.0.1."""

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

_READY_S = 200.0  # long enough for a busy machine
_ENDED_S = 200.0
_POLL_S = 0.05

# By the name of the fault: the options of `listen`, and the body of the server block. UPSTREAM is a closed port, SILENT
# one that accepts and never answers, REFUSES the one that refuses the credential, CA a file with the root.
NGINX = {
    "bad-gateway": ("ssl", "location / { proxy_pass http://UPSTREAM; }"),
    "gateway-timeout": ("ssl", "location / { proxy_read_timeout 100ms; proxy_pass http://SILENT; }"),
    "unavailable": ("ssl", "location / { return 503; }"),
    "rate-limited": (
        "ssl",
        "location / { limit_req zone=one; limit_req_status 429; proxy_pass http://UPSTREAM; }",
    ),
    "redirected": ("ssl", "location / { return 301 https://elsewhere.example.com$request_uri; }"),
    "forbidden": ("ssl", "location / { deny all; }"),
    "replaced": (
        "ssl",
        (
            "error_page 401 /own; location = /own { internal; return 401 '<html>x</html>'; } "
            "location / { proxy_intercept_errors on; proxy_pass http://REFUSES; }"
        ),
    ),
    "refuses": ("", """location / { return 401 '{"errorName": "AuthenticationFailedException"}'; }"""),
    "not-found": ("ssl", "location / { root /nonexistent; }"),
    "client-certificate": (
        "ssl",
        "ssl_client_certificate CA; ssl_verify_client on; location / { return 200; }",
    ),
    "compressed": ("ssl", "location / { add_header Content-Encoding br always; return 200 'x'; }"),
    "large-page": ("ssl", "set $k KILOBYTE; location / { return 404 '<html>" + 70 * "$k" + "'; }"),
    "large-header": (
        "ssl",
        "set $k KILOBYTE; location / { add_header X '" + 20 * "$k" + "'; return 200 '{}'; }",
    ),
    "proxy-protocol": ("ssl proxy_protocol", "location / { return 200; }"),
    "name-wanted": ("ssl", "ssl_reject_handshake on;"),
    "plain-http": ("", "location / { return 200; }"),
}
HAPROXY = {
    "bad-gateway": ("", "server one HANGS-UP"),
    "gateway-timeout": ("", "timeout server 100ms\n  server one SILENT"),
    "unavailable": ("", "server one UPSTREAM disabled"),
    "rate-limited": ("", "http-request deny deny_status 429"),
    "forbidden": ("", "http-request deny"),
    "redirected": ("", "http-request redirect location https://elsewhere.example.com/ code 302"),
    "proxy-protocol": ("accept-proxy", "server one UPSTREAM"),
    "name-wanted": ("strict-sni", "server one UPSTREAM"),
    "http-2-only": ("alpn h2 proto h2", "server one UPSTREAM"),
}


@contextlib.contextmanager
def nginx(folder: Path, pem: Path, root: Path, upstreams: Mapping[str, str]) -> Iterator[dict[str, int]]:
    """The ports by fault. ``upstreams`` replace UPSTREAM and SILENT."""
    ports = dict(zip(NGINX, _free_ports(len(NGINX)), strict=True))
    servers = "\n".join(
        f"server {{ listen 127.0.0.1:{ports[name]} {listen}; {body} }}"
        for name, (listen, body) in NGINX.items()
    )
    temporary = "\n".join(
        f"{kind}_temp_path {folder / kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    text = f"""
daemon off; pid {folder / "pid"}; error_log stderr; worker_processes 1; user root;
events {{ worker_connections 64; }}
http {{ access_log off; {temporary}
ssl_certificate {pem}; ssl_certificate_key {pem};
limit_req_zone $server_port zone=one:32k rate=1r/m;
{servers} }}
"""
    file = folder / "nginx.conf"
    refuses = f"127.0.0.1:{ports['refuses']}"
    values = {**upstreams, "REFUSES": refuses, "CA": str(root), "KILOBYTE": 1024 * "x"}
    file.write_text(_filled(text, values))
    with _running(["nginx", "-e", "stderr", "-c", str(file)], folder / "nginx.log", ports.values()):
        yield ports


@contextlib.contextmanager
def haproxy(folder: Path, pem: Path, upstreams: Mapping[str, str]) -> Iterator[dict[str, int]]:
    """The ports by fault. ``upstreams`` replace UPSTREAM, SILENT and HANGS-UP, a port that closes each connection."""
    ports = dict(zip(HAPROXY, _free_ports(len(HAPROXY)), strict=True))
    sections = "\n".join(
        f"listen {name}\n  bind 127.0.0.1:{ports[name]} ssl crt {pem} {bind}\n  {body}"
        for name, (bind, body) in HAPROXY.items()
    )
    text = f"""
global
  maxconn 64
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
{sections}
"""
    file = folder / "haproxy.cfg"
    file.write_text(_filled(text, upstreams))
    with _running(["haproxy", "-db", "-f", str(file)], folder / "haproxy.log", ports.values()):
        yield ports


def _filled(text: str, values: Mapping[str, str]) -> str:
    for word, value in values.items():
        text = text.replace(word, value)
    return text


def _free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]


@contextlib.contextmanager
def _running(command: list[str], log: Path, ports: Iterable[int]) -> Iterator[None]:
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL)
    try:
        for port in ports:
            _wait(process, port, log)
        yield
    finally:
        process.terminate()
        process.wait(timeout=_ENDED_S)


def _wait(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    """Wait until the server listens on the port."""
    until_s = time.monotonic() + _READY_S
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1.0):
            return
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < until_s, log.read_text()
        time.sleep(_POLL_S)
