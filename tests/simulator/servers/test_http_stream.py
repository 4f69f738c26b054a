"""Requests from a stream in memory, split in any way."""

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.servers import http_answers
from simulator.servers.http_stream import Requests


class PartedStream:
    """A fake stream: ``read`` returns the given parts, and ``written`` is the data written."""

    def __init__(self, *parts: bytes) -> None:
        self._parts = [part for part in parts if part]
        self.written = b""

    async def read(self) -> bytes:
        if not self._parts:
            raise EOFError
        return self._parts.pop(0)

    async def write(self, data: bytes) -> None:
        self.written += data

    async def close(self) -> None:
        raise AssertionError("the stream must not be closed")


def post(path: str, body: bytes, more: str = "") -> bytes:
    return f"POST {path} HTTP/1.1\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode() + body


def requests_from(stream: PartedStream) -> list[tuple[str, bytes] | None]:
    """Path and body of each request until the end, or until an invalid request."""

    async def take() -> list[tuple[str, bytes] | None]:
        requests, found = Requests(stream), []
        try:
            while True:
                received = await requests.next()
                found.append((received[0].path, received[1]) if received else None)
                if received is None:
                    return found
        except EOFError:
            return found

    return asyncio.run(take())


REQUESTS = post("/a", b"12345") + post("/b", b"") + post("/c", b"\r\n\r\n")


@given(st.lists(st.integers(0, len(REQUESTS)), max_size=6).map(sorted))
def test_pipelined_requests_are_read_in_order_however_they_are_split(cuts: list[int]) -> None:
    edges = [0, *cuts, len(REQUESTS)]
    stream = PartedStream(*(REQUESTS[start:end] for start, end in pairwise(edges)))
    assert requests_from(stream) == [("/a", b"12345"), ("/b", b""), ("/c", b"\r\n\r\n")]
    assert stream.written == b""


@pytest.mark.parametrize(
    "data",
    [
        b"not HTTP\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
        f"POST / HTTP/1.1\r\nContent-Length: {http_answers.MAX_BODY_BYTES + 1}\r\n\r\n".encode(),
        b"GET / HTTP/1.1\r\nX: ".ljust(http_answers.MAX_HEADER_BYTES + 1, b"x"),
        b"\x16\x03\x01\x02\x00\x01",  # a ClientHello never has an empty line
    ],
    ids=["not HTTP", "chunked", "body too long", "header too long", "TLS"],
)
def test_an_invalid_or_too_long_request_is_none(data: bytes) -> None:
    assert requests_from(PartedStream(data)) == [None]


def test_expect_100_continue_is_answered() -> None:
    head, _, body = post("/", b"12345", "Expect: 100-continue\r\n").partition(b"12345")
    stream = PartedStream(head, body or b"12345")
    assert requests_from(stream) == [("/", b"12345")]
    assert stream.written == b"HTTP/1.1 100 Continue\r\n\r\n"


@given(st.binary(max_size=100))
def test_any_bytes_give_requests_or_end_the_stream(data: bytes) -> None:
    assert all(one is None or one[0] is not None for one in requests_from(PartedStream(data)))
