"""`xks-probe ping`: who is pinged, what a line says, and what the shell is told."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from probe.commands import app, ping
from probe.commands.exits import Exit, UsageError
from probe.model.targets import Method


@pytest.fixture
def open_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield int(server.getsockname()[1])


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_hosts_of_the_command_line_and_of_the_file_are_pinged_once_each_in_their_order(
    tmp_path: Path,
) -> None:
    file = tmp_path / "hosts"
    file.write_text("# the nodes\n10.0.0.2\n\n  10.0.0.1  \nnode.example\n")
    assert ping._hosts(["10.0.0.1"], file) == ["10.0.0.1", "10.0.0.2", "node.example"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "No such file"),
        (b"", "no host"),
        (b"\xff\xfe", "not a text file"),
        (b"10.0.0.1:443\n", "--port"),
        (b"a b\n", "a b"),
        (b"::1\n", "IPv4"),
    ],
    ids=["missing", "empty", "binary", "with a port", "two words", "IPv6"],
)
def test_a_bad_file_is_refused_with_what_to_do(content: bytes | None, words: str, tmp_path: Path) -> None:
    file = tmp_path / "hosts"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        ping._hosts([], file)
    assert words in "\n".join(caught.value.lines)


def test_every_bad_host_has_its_own_line() -> None:
    with pytest.raises(UsageError) as caught:
        ping._hosts(["a b", "10.0.0.1", "c d"], None)
    assert len(caught.value.lines) == 2


@pytest.mark.loopback
def test_tcp_round_trips_are_one_json_object_a_line(
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
def test_a_refused_port_is_a_failure_with_phase_and_reason_and_status_1(
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
def test_one_silent_name_does_not_stop_the_others(open_port: int, capsys: pytest.CaptureFixture[str]) -> None:
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
def test_an_echo_to_this_machine_is_stamped_by_the_kernel(capsys: pytest.CaptureFixture[str]) -> None:
    status = app.run(["ping", "127.0.0.1", "-n", "2", "-i", "0.01", "--format", "json"])
    captured = capsys.readouterr()
    if "instead" in captured.err:
        pytest.skip(captured.err.strip())
    assert status == Exit.FINE
    for line in map(json.loads, captured.out.splitlines()):
        assert (line["method"], line["timestamps"]) == ("icmp", "kernel")


@pytest.mark.loopback
def test_text_ends_with_a_summary_on_stderr(open_port: int, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["ping", "127.0.0.1", "--method", "tcp", "--port", str(open_port), "-n", "2", "-i", "0.01"]
    assert app.run(arguments) == Exit.FINE
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 2
    assert "127.0.0.1" in captured.err


@pytest.mark.parametrize(
    ("hosts", "method", "refused"),
    [(200, "icmp", False), (201, "icmp", True), (20, "tcp", False), (21, "tcp", True)],
)
def test_a_measuring_tool_is_no_load_generator(hosts: int, method: str, *, refused: bool) -> None:
    if refused:
        with pytest.raises(UsageError, match="a second: say -i"):
            ping._check_rate(hosts, 0.01, Method(method))
    else:
        ping._check_rate(hosts, 0.01, Method(method))
