"""`xks-probe ping` with TCP connects and with host names."""

import json
import socket
from collections.abc import Iterator

import pytest

from probe.commands import app
from probe.commands.exits import Exit


@pytest.fixture
def open_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield int(server.getsockname()[1])


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.mark.loopback
def test_tcp_round_trips_are_one_json_object_per_line(
    open_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [
        "ping",
        "127.0.0.1",
        "--method",
        "tcp",
        "--port",
        str(open_port),
        "-n",
        "3",
        "-i",
        "0.01",
        "--format",
        "json",
    ]
    assert app.run(arguments) == Exit.FINE
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["sequence"] for line in lines] == [0, 1, 2]
    for line in lines:
        assert (line["target"], line["address"], line["method"]) == ("127.0.0.1", "127.0.0.1", "tcp")
        assert line["timestamps"] == "kernel"
        assert 0 < line["rtt_seconds"] < 0.1
        assert line["failure"] is None
        assert line["schema_version"] == 1


@pytest.mark.loopback
def test_a_refused_connection_is_a_failure_with_phase_and_reason_and_status_1(
    closed_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [
        "ping",
        "127.0.0.1",
        "--method",
        "tcp",
        "--port",
        str(closed_port),
        "-n",
        "1",
        "--format",
        "json",
    ]
    assert app.run(arguments) == Exit.VIOLATED
    line = json.loads(capsys.readouterr().out)
    assert line["rtt_seconds"] is None
    assert (line["failure"]["phase"], line["failure"]["reason"]) == ("connect", "refused")


@pytest.mark.loopback
def test_a_name_that_does_not_resolve_does_not_stop_the_other_hosts(
    open_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    hosts = ["no-such-host.invalid", "127.0.0.1"]
    arguments = [
        "ping",
        *hosts,
        "--method",
        "tcp",
        "--port",
        str(open_port),
        "-n",
        "1",
        "--timeout",
        "0.5",
        "--format",
        "json",
    ]
    assert app.run(arguments) == Exit.VIOLATED
    lines = {line["target"]: line for line in map(json.loads, capsys.readouterr().out.splitlines())}
    assert lines["no-such-host.invalid"]["failure"]["phase"] == "resolve"
    assert lines["127.0.0.1"]["failure"] is None


@pytest.mark.loopback
def test_text_ends_with_a_summary_on_stderr(open_port: int, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["ping", "127.0.0.1", "--method", "tcp", "--port", str(open_port), "-n", "2", "-i", "0.01"]
    assert app.run(arguments) == Exit.FINE
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 2
    assert "127.0.0.1" in captured.err
