"""Receive timestamps are enabled and confirmed before anything is measured."""

import os
import socket
import struct
from typing import Any

import pytest

from probe.network import kernel, stamping
from probe.network.stamping import StampsKept

STAMP = (socket.SOL_SOCKET, kernel.SO_TIMESTAMPING, struct.pack("=qq", 5, 0) + bytes(32))


class Echoing:
    """A socket whose datagrams have a timestamp from number ``first_stamped`` on (0: never)."""

    def __init__(self, first_stamped: int, refuses: OSError | None = None) -> None:
        self.sent = 0
        self._first = first_stamped
        self._refuses = refuses

    def settimeout(self, _timeout_s: float) -> None: ...

    def bind(self, _address: object) -> None:
        if self._refuses is not None:
            raise self._refuses

    def getsockname(self) -> tuple[str, int]:
        return ("127.0.0.1", 9)

    def connect(self, _address: object) -> None: ...

    def send(self, _data: bytes) -> None:
        self.sent += 1

    def recvmsg(self, *_sizes: int) -> tuple[bytes, list[Any], int, None]:
        return b"\0", [STAMP] if 0 < self._first <= self.sent else [], 0, None


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    taken: list[float] = []
    monkeypatch.setattr(stamping.time, "sleep", taken.append)
    return taken


@pytest.mark.parametrize("first_stamped", [1, 3, stamping._ATTEMPTS])
def test_datagrams_are_sent_until_one_has_a_timestamp(first_stamped: int, pauses: list[float]) -> None:
    sock: Any = Echoing(first_stamped)
    assert stamping._is_confirmed(sock)
    assert (sock.sent, len(pauses)) == (first_stamped, first_stamped - 1)


@pytest.mark.parametrize(
    "first_stamped", [0, stamping._ATTEMPTS + 1], ids=["never", "just after the last attempt"]
)
def test_without_a_timestamp_it_gives_up_within_100_ms(first_stamped: int, pauses: list[float]) -> None:
    sock: Any = Echoing(first_stamped)
    assert not stamping._is_confirmed(sock)
    assert sum(pauses) < 0.1


@pytest.mark.parametrize("error", [OSError(99, "no 127.0.0.1"), TimeoutError()])
def test_a_machine_without_loopback_is_not_confirmed_but_raises_no_error(error: OSError) -> None:
    sock: Any = Echoing(1, refuses=error)
    assert not stamping._is_confirmed(sock)


@pytest.mark.loopback
def test_once_confirmed_the_first_packet_of_any_socket_has_a_timestamp() -> None:
    kept = StampsKept()
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.settimeout(1)
        sock.setsockopt(
            socket.SOL_SOCKET, kernel.SO_TIMESTAMPING, kernel.SOF_RX_SOFTWARE | kernel.SOF_SOFTWARE
        )
        sock.bind(("127.0.0.1", 0))
        sock.sendto(b"x", sock.getsockname())
        _data, items, _flags, _address = sock.recvmsg(1, kernel.ANCILLARY_BYTES)
    kept.close()

    assert kept.confirmed
    assert kernel.read_ancillary(items).stamp_ns is not None


@pytest.mark.loopback
@pytest.mark.parametrize("closed_by_hand", [True, False])
def test_the_socket_is_closed_with_its_owner_and_closing_twice_is_harmless(closed_by_hand: bool) -> None:
    kept = StampsKept()
    descriptor = kept._finalizer.peek()[2][0]
    if closed_by_hand:
        kept.close()
        kept.close()
    else:
        del kept
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
