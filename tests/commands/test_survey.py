"""`xks-probe survey`: ranks the given Regions; the exit status shows whether one is within the limit."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from probe.commands import app
from probe.commands.exits import Exit

FAST = ["-i", "0.05", "--timeout", "0.5", "--format", "json"]


@pytest.fixture
def open_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0), backlog=128) as server:
        yield int(server.getsockname()[1])


def endpoints(tmp_path: Path, text: str) -> list[str]:
    file = tmp_path / "endpoints.yaml"
    file.write_text(text)
    return ["survey", "--endpoints", str(file)]


@pytest.mark.loopback
def test_a_region_within_the_limit_is_recommended(
    tmp_path: Path, open_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = endpoints(tmp_path, f"eu-central-1: 127.0.0.1:{open_port}\n")
    assert app.run([*arguments, "-n", "20", *FAST]) == Exit.FINE
    survey = json.loads(capsys.readouterr().out)
    assert survey["recommended"] == "eu-central-1"
    (region,) = survey["regions"]
    assert (region["rank"], region["samples"], region["lost"], region["within_threshold"]) == (1, 20, 0, True)
    assert region["rtt_seconds"]["p99"] is None  # needs 100 samples or more


@pytest.mark.loopback
def test_too_few_round_trips_leave_a_region_undecided(
    tmp_path: Path, open_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = endpoints(tmp_path, f"eu-central-1: 127.0.0.1:{open_port}\n")
    assert app.run([*arguments, "-n", "3", *FAST]) == Exit.UNKNOWN
    (region,) = json.loads(capsys.readouterr().out)["regions"]
    assert region["within_threshold"] is None


@pytest.mark.loopback
def test_no_region_within_the_limit_is_status_1(tmp_path: Path, open_port: int) -> None:
    arguments = endpoints(tmp_path, f"eu-central-1: 127.0.0.1:{open_port}\n")
    assert app.run([*arguments, "-n", "20", "--threshold", "0.001ms", *FAST]) == Exit.VIOLATED


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "endpoints.yaml"),
        ("- a\n", "endpoints.yaml"),
        ("eu-central-1: [1]\nx: 'a b'\n", "eu-central-1"),
        ("{", "endpoints.yaml"),
    ],
    ids=["empty", "a list", "not a host", "not YAML"],
)
def test_an_invalid_file_is_rejected_without_a_traceback(
    text: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.run(endpoints(tmp_path, text)) == Exit.USAGE
    stderr = capsys.readouterr().err
    assert words in stderr
    assert "Traceback" not in stderr


@pytest.mark.parametrize("threshold", ["35", "0ms", "-1ms", "11s", "many"])
def test_an_invalid_threshold_is_rejected(threshold: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["survey", f"--threshold={threshold}"]) == Exit.USAGE
    assert "e.g. 35ms" in capsys.readouterr().err


def test_an_unknown_region_is_rejected(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["survey", "--region", "eu-centrl-1"]) == Exit.USAGE
    assert "eu-centrl-1" in capsys.readouterr().err
