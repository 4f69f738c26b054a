"""This machine's own address towards a host."""

from typing import Self

import pytest

from probe.network import source
from probe.network.source import source_address

pytestmark = pytest.mark.loopback


def test_the_address_towards_this_machine_is_the_loopback_address() -> None:
    assert source_address("127.0.0.1") == "127.0.0.1"


def test_without_a_route_there_is_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    class Unrouted:
        def __init__(self, *_: object) -> None: ...

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None: ...

        def connect(self, _: object) -> None:
            raise OSError(101, "Network is unreachable")

    monkeypatch.setattr(source.socket, "socket", Unrouted)
    assert source_address("192.0.2.1") is None
