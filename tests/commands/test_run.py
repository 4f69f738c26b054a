"""`xks-probe run`: a page on loopback only, and a clean end within two seconds of a signal."""

import contextlib
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.pace import slowdown

from probe.commands import app
from probe.commands.exits import Exit

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
def running(file: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "probe", "run", "-c", str(file), "--log-format", "json"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=100)


def fetch(port: int, path: str) -> str:
    deadline_s = time.monotonic() + 100
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=100) as response:
                return str(response.read().decode())
        except OSError:
            if time.monotonic() > deadline_s:
                raise
            time.sleep(0.1)


@pytest.mark.loopback
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_agent_serves_and_ends_with_status_0_within_two_seconds_of_a_signal(
    number: int, tmp_path: Path
) -> None:
    file, listen = tmp_path / "x.yaml", free_port()
    with socket.create_server(("127.0.0.1", 0)) as target:
        file.write_text(
            CONFIGURATION.replace("PORT", str(target.getsockname()[1])).replace("LISTEN", str(listen))
        )
        with running(file) as process:
            assert fetch(listen, "/-/ready")
            metrics = fetch(listen, "/metrics")
            assert "xksprobe_target_info{" in metrics
            assert 'xksprobe_probes_total{check="tcp",target="here"}' in metrics
            before = slowdown()
            sent_s = time.monotonic()
            process.send_signal(number)
            assert process.wait(timeout=100) == Exit.FINE
            took_s = time.monotonic() - sent_s
            assert took_s < 2.0 * max(before, slowdown())


@pytest.mark.parametrize(
    ("listen", "words"),
    [("0.0.0.0:9911", "--web.allow-unauthenticated"), ("192.0.2.1:9911", "--web.allow-unauthenticated")],
)
def test_a_page_that_other_machines_can_reach_must_be_allowed_explicitly(
    listen: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(CONFIGURATION.replace("PORT", "443").replace("127.0.0.1:LISTEN", listen))
    assert app.run(["run", "-c", str(file)]) == Exit.USAGE
    assert words in capsys.readouterr().err


@pytest.mark.loopback
def test_a_port_in_use_is_reported_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "x.yaml"
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        file.write_text(CONFIGURATION.replace("PORT", "443").replace("LISTEN", port))
        assert app.run(["run", "-c", str(file)]) == Exit.USAGE
    stderr = capsys.readouterr().err
    assert "Address already in use" in stderr
    assert stderr.count("\n") == 1
