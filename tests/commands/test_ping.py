"""`xks-probe ping`: its hosts, its kernel timestamps, and the limit of its rate."""

import json
from pathlib import Path

import pytest

from probe.commands import app, ping
from probe.commands.exits import Exit, UsageError
from probe.model.targets import Method


def test_hosts_from_the_command_line_and_the_file_are_pinged_once_each_in_order(
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
def test_an_invalid_file_is_rejected_with_the_reason(
    content: bytes | None, words: str, tmp_path: Path
) -> None:
    file = tmp_path / "hosts"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        ping._hosts([], file)
    assert words in "\n".join(caught.value.lines)


def test_every_invalid_host_has_its_own_line() -> None:
    with pytest.raises(UsageError) as caught:
        ping._hosts(["a b", "10.0.0.1", "c d"], None)
    assert len(caught.value.lines) == 2


@pytest.mark.loopback
def test_a_ping_to_loopback_has_kernel_timestamps(capsys: pytest.CaptureFixture[str]) -> None:
    status = app.run(["ping", "127.0.0.1", "-n", "2", "-i", "0.01", "--format", "json"])
    captured = capsys.readouterr()
    if "instead" in captured.err:
        pytest.skip(captured.err.strip())
    assert status == Exit.FINE
    for line in map(json.loads, captured.out.splitlines()):
        assert (line["method"], line["timestamps"]) == ("icmp", "kernel")


@pytest.mark.parametrize(
    ("hosts", "method", "is_rejected"),
    [(200, "icmp", False), (201, "icmp", True), (20, "tcp", False), (21, "tcp", True)],
)
def test_a_rate_above_the_limit_is_rejected(hosts: int, method: str, *, is_rejected: bool) -> None:
    if is_rejected:
        with pytest.raises(UsageError, match="per second; use -i"):
            ping._check_rate(hosts, 0.01, Method(method))
    else:
        ping._check_rate(hosts, 0.01, Method(method))
