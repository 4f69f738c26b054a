import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.control import Child, Lines, SimulationError, answered


@pytest.fixture
def ends() -> Iterator[tuple[Lines, Lines]]:
    one, other = socket.socketpair()
    with one, other:
        yield Lines(one), Lines(other)


def test_messages_arrive_complete_and_in_order(ends: tuple[Lines, Lines]) -> None:
    one, other = ends
    one.send({"n": 1, "words": "x" * 100_000 + "\n"})
    one.send({"n": 2})
    first, second = other.read(1), other.read(1)
    assert first is not None
    assert (first["n"], len(first["words"]), second) == (1, 100_001, {"n": 2})


def test_descriptors_are_sent_with_a_message(ends: tuple[Lines, Lines]) -> None:
    one, other = ends
    reading, writing = os.pipe()
    one.send({"ready": True}, (writing,))
    os.close(writing)
    message, (received,) = other.read_with_descriptors(1)
    os.write(received, b"through")
    os.close(received)
    assert (message, os.read(reading, 10)) == ({"ready": True}, b"through")
    os.close(reading)


def test_a_closed_end_gives_none_and_a_silent_one_times_out(ends: tuple[Lines, Lines]) -> None:
    one, other = ends
    with pytest.raises(TimeoutError):
        other.read(0.001)
    one.connection.close()
    assert other.read(1) is None


def test_an_exception_is_sent_as_text(ends: tuple[Lines, Lines]) -> None:
    one, other = ends
    answered(one, {"do": "fault"}, ValueError("no such host"))
    assert other.read(1) == {"error": "ValueError: no such host (request: fault)"}


@pytest.mark.loopback
def test_a_process_that_ends_is_reported_with_its_last_output(tmp_path: Path) -> None:
    child = Child.spawn("servers", tmp_path / "log", "not-a-descriptor")
    with pytest.raises(SimulationError, match=r"(?s)servers process ended \(status 1\): .*not-a-descriptor"):
        child.request({"name": "x"}, 10)
    child.stop()
    assert child.process.returncode == 1
