import json

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.servers.http_answers import Form, Reply, Request, parse_head, refused, write

NOW_S = 1_772_600_767.9
REPLY = Reply(status=200, body=json.dumps({"a": "x" * 250}).encode())


def request_by(method: str = "POST", *, keeps_alive: bool = True) -> Request:
    return Request(method=method, path="/", body_bytes=0, keeps_alive=keeps_alive)


def read(data: bytes, method: str = "POST") -> tuple[h11.Response, bytes]:
    """The response parsed by an independent parser."""
    client = h11.Connection(h11.CLIENT)
    size = [] if method in {"GET", "HEAD"} else [("Content-Length", "0")]
    client.send(h11.Request(method=method, target="/", headers=[("Host", "x"), *size]))
    client.send(h11.EndOfMessage())
    client.receive_data(data)
    response, body = client.next_event(), b""
    assert isinstance(response, h11.Response)
    while isinstance(event := client.next_event(), h11.Data):
        body += bytes(event.data)
    assert isinstance(event, h11.EndOfMessage)
    assert client.trailing_data[0] == b""
    return response, body


@pytest.mark.parametrize("form", Form)
def test_each_form_is_understood_by_another_parser(form: Form) -> None:
    response, body = read(write(request_by(), REPLY, NOW_S, form))
    headers = {name.decode(): value.decode() for name, value in response.headers}
    assert (response.status_code, body) == (200, REPLY.body)
    assert headers["date"] == "Wed, 04 Mar 2026 05:06:07 GMT"
    assert headers["content-type"] == "application/json"
    assert headers["connection"] == "keep-alive"
    assert ("transfer-encoding" in headers) is (form is Form.CHUNKED)


def test_the_unusual_form_is_unusual_but_legal() -> None:
    head = write(request_by(), REPLY, NOW_S, Form.UNUSUAL).partition(b"\r\n\r\n")[0]
    assert head.startswith(b"HTTP/1.1 200 \r\n")
    assert b"\r\ndate: \t Wed" in head
    assert b"\r\nCONTENT-TYPE:application/json\r\n" in head


def test_connection_close_is_confirmed_and_405_lists_the_methods() -> None:
    response, _ = read(write(request_by(keeps_alive=False), Reply(status=405, allow="POST"), NOW_S))
    headers = dict(response.headers)
    assert headers[b"connection"] == b"close"
    assert headers[b"allow"] == b"POST"


@pytest.mark.parametrize("form", Form)
def test_head_gets_only_the_header(form: Form) -> None:
    data = write(request_by("HEAD"), REPLY, NOW_S, form)
    assert data.endswith(b"\r\n\r\n")
    assert read(data, "HEAD")[1] == b""


def test_a_rejected_request_closes_the_connection() -> None:
    response, body = read(refused())
    assert (response.status_code, body) == (400, b"")
    assert (b"connection", b"close") in response.headers


@pytest.mark.parametrize(
    ("head", "request_"),
    [
        (
            b"GET / HTTP/1.1\r\nHost: x",
            Request(method="GET", path="/", body_bytes=0, keeps_alive=True, headers=(("host", "x"),)),
        ),
        (b"GET / HTTP/1.0", Request(method="GET", path="/", body_bytes=0, keeps_alive=False)),
        (
            b"POST / HTTP/1.1\r\ncontent-length: 12\r\nConnection: x, Close",
            Request(
                method="POST",
                path="/",
                body_bytes=12,
                keeps_alive=False,
                headers=(("content-length", "12"), ("connection", "x, Close")),
            ),
        ),
        (
            b"POST / HTTP/1.1\r\nTransfer-Encoding:chunked",
            Request(
                method="POST",
                path="/",
                body_bytes=None,
                keeps_alive=True,
                headers=(("transfer-encoding", "chunked"),),
            ),
        ),
        (
            b"POST / HTTP/1.1\r\nContent-Length: 1e9",
            Request(
                method="POST",
                path="/",
                body_bytes=None,
                keeps_alive=True,
                headers=(("content-length", "1e9"),),
            ),
        ),
        (
            b"POST / HTTP/1.1\r\nExpect: 100-Continue",
            Request(
                method="POST",
                path="/",
                body_bytes=0,
                keeps_alive=True,
                headers=(("expect", "100-Continue"),),
                awaits_continue=True,
            ),
        ),
        (b"GET / HTTP/2", None),
        (b"", None),
    ],
)
def test_a_header_is_parsed_or_rejected(head: bytes, request_: Request | None) -> None:
    assert parse_head(head) == request_


def test_headers_are_not_printed() -> None:
    request = parse_head(b"GET / HTTP/1.1\r\nAuthorization: it is secret")
    assert "secret" not in repr(request)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_header_or_none(data: bytes) -> None:
    for head in (data, b"POST /kms/xks/v1/health HTTP/1.1\r\n" + data):
        request = parse_head(head)
        assert request is None or write(request, REPLY, NOW_S).startswith(b"HTTP/1.1 200 OK\r\n")
