"""A connected TCP or UDP socket with kernel timestamps for one exchange at a time."""

import asyncio
import errno
import os
import socket
from contextlib import suppress

from probe.network import kernel
from probe.network.clock import Bracket, Clock, Moment, Timing

READ_BYTES = 65536


class StampedSocket:
    """Sends and receives, and measures the time from the last byte sent to the last byte received.

    Needs a *connected* socket, because TCP rejects timestamp identifiers before. The transmit timestamp is
    that of the last byte sent. Raises OSError if the connection has already ended.
    """

    def __init__(self, sock: socket.socket, clock: Clock) -> None:
        self._sock = sock
        self._clock = clock
        self._is_stream = sock.type is socket.SOCK_STREAM
        self._last_key = -1
        self._sent_ns: int | None = None
        self._received_ns: int | None = None
        self._opened = self._closed = Moment.now(clock)
        _switch_stamps_on(sock)

    async def send(self, data: bytes) -> None:
        """Starts an exchange and discards the timestamps of the previous one."""
        self._begin(data)
        await asyncio.get_running_loop().sock_sendall(self._sock, data)

    def send_at_once(self, data: bytes) -> None:
        """Like `send`, but sends only what the kernel takes without waiting, and ignores errors."""
        self._begin(data)
        with suppress(OSError):
            self._sock.send(data)

    def _begin(self, data: bytes) -> None:
        # An unread timestamp of the previous exchange has another key. The kernel identifies a timestamp by
        # the byte offset of the last byte (TCP) or the datagram's number.
        self._sent_ns = self._received_ns = None
        self._last_key += len(data) if self._is_stream else 1
        self._opened = Moment.now(self._clock)

    async def receive(self) -> bytes:
        """At least one byte of received data; empty at the end of a stream. Raises OSError like `recv`."""
        while True:
            try:
                data, items, _flags, _address = self._sock.recvmsg(READ_BYTES, kernel.ANCILLARY_BYTES)
            except (BlockingIOError, InterruptedError):
                self._drain_stamps()
                await self._readable()
                continue
            if data or not self._is_stream:
                self._closed = Moment.now(self._clock)
                self._received_ns = kernel.read_ancillary(items).stamp_ns
            return data

    def timing(self) -> Timing:
        """The time from the last byte of the last send to the last byte received since."""
        self._drain_stamps()
        bracket = Bracket(opened=self._opened, closed=self._closed)
        return bracket.timing(self._sent_ns, self._received_ns)

    def data_segments_in(self) -> int | None:
        """The number of data segments that a TCP connection has received (`tcpi_data_segs_in`)."""
        info = self._sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, kernel.TCP_INFO_BYTES)
        read = kernel.read_tcp_info(info)
        return read.data_segments_in if read else None

    def _drain_stamps(self) -> None:
        # A non-empty error queue makes the socket readable, so it is emptied before each wait. It is limited
        # by the socket's receive buffer, and grows only when data is sent.
        while True:
            try:
                _data, items, _flags, _address = self._sock.recvmsg(
                    0, kernel.ANCILLARY_BYTES, kernel.MSG_ERRQUEUE
                )
            except OSError:  # empty; an error of the connection is reported again by the next receive
                return
            ancillary = kernel.read_ancillary(items)
            error = ancillary.error
            # A retransmission gets another timestamp with the same key; the first one is used.
            if error and error.is_transmit_stamp and error.data == self._last_key and self._sent_ns is None:
                self._sent_ns = ancillary.stamp_ns

    async def _readable(self) -> None:
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        # By its number: for a socket that it does not know yet, a selector makes a text, by two system calls.
        number = self._sock.fileno()
        loop.add_reader(number, _resolve, waiter)
        try:
            await waiter
        finally:
            loop.remove_reader(number)


def _switch_stamps_on(sock: socket.socket) -> None:
    try:
        sock.setsockopt(socket.SOL_SOCKET, kernel.SO_TIMESTAMPING, kernel.STAMPS_BY_ID)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        # The TCP connection has ended (sock_set_timestamping in net/core/sock.c); SO_ERROR has the reason
        # once.
        number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) or errno.EPIPE
        raise OSError(number, os.strerror(number)) from error


def _resolve(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
