"""Blocks of 127.0.0.0/8 are reserved by binding a port; the tests use one that no real simulation uses."""

import contextlib
import os
import socket
from collections.abc import Iterator

import pytest

from simulator.control import SimulationError
from simulator.network import loopback
from simulator.network.loopback import claim_block

pytestmark = pytest.mark.loopback


@pytest.fixture(autouse=True)
def _no_other_simulations(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setattr(loopback, "_CLAIM_PORT", free.getsockname()[1])


@pytest.fixture
def claims() -> Iterator[contextlib.ExitStack]:
    with contextlib.ExitStack() as stack:
        yield stack


def claim(claims: contextlib.ExitStack) -> int:
    block, held = claim_block()
    claims.enter_context(held)
    return block


@pytest.mark.parametrize(
    ("process", "blocks"),
    [(249, [250, 1, 2]), (250, [1, 2, 3]), (500_007, [8, 9, 10])],
    ids=["starts at the last block", "wraps to the first block", "a large process id"],
)
def test_each_simulation_gets_its_own_block_from_1_to_250(
    monkeypatch: pytest.MonkeyPatch, claims: contextlib.ExitStack, process: int, blocks: list[int]
) -> None:
    monkeypatch.setattr(os, "getpid", lambda: process)
    assert [claim(claims) for _ in blocks] == blocks


def test_a_block_is_free_again_when_its_socket_closes(claims: contextlib.ExitStack) -> None:
    block, held = claim_block()
    assert claim(claims) != block
    held.close()
    assert claim(claims) == block


def test_the_last_free_block_is_used_and_then_it_fails(
    monkeypatch: pytest.MonkeyPatch, claims: contextlib.ExitStack
) -> None:
    monkeypatch.setattr(loopback, "_BLOCKS", 2)
    assert {claim(claims), claim(claims)} == {1, 2}
    with pytest.raises(SimulationError, match="no free addresses"):
        claim(claims)


def test_the_standard_ports_are_free_only_while_no_program_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as other:
        other.bind(("127.255.255.253", 0))
        ports = (
            (socket.SOCK_DGRAM, other.getsockname()[1]),
            (socket.SOCK_STREAM, other.getsockname()[1]),
        )
        monkeypatch.setattr(loopback, "_STANDARD", ports)
        assert not loopback.are_standard_ports_free()
    assert loopback.are_standard_ports_free()
