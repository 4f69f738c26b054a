"""`xks-probe run` as a process, and requests to its page."""

import contextlib
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

CONFIGURATION = """
backends: [{name: here, address: 127.0.0.1, port: PORT, checks: [tcp]}]
listen: 127.0.0.1:LISTEN
intervals: {tcp: 1s}
timeouts: {tcp: 500ms}
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextlib.contextmanager
def running(file: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "probe", "run", "-c", str(file), "--log-format", "json", *options]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=250)


def fetch(port: int, path: str) -> str:
    return fetched(f"http://127.0.0.1:{port}{path}")


def fetched(url: str | urllib.request.Request, context: ssl.SSLContext | None = None) -> str:
    """The body of the response, as soon as there is one. Raises OSError if there is none."""
    deadline_s = time.monotonic() + 100
    while True:
        try:
            with urllib.request.urlopen(url, timeout=250, context=context) as response:  # noqa: S310
                return str(response.read().decode())
        except OSError:
            if time.monotonic() > deadline_s:
                raise
            time.sleep(0.1)
