"""HTTP/1.1 for the simulated XKS proxy: a request header in, a complete response out. Pure."""

import re
from dataclasses import dataclass, field
from email.utils import formatdate
from enum import Enum, auto

MAX_HEADER_BYTES = 16_384
MAX_BODY_BYTES = 65_536
JSON = "application/json"
HTML = "text/html; charset=utf-8"
_CHUNK_BYTES = 100
# From a server of HTTP/2 to a client without it (RFC 9113, section 3.4): empty SETTINGS, PROTOCOL_ERROR.
_SETTINGS = bytes.fromhex("000000 04 00 00000000")
_GOAWAY = bytes.fromhex("000008 07 00 00000000 00000000 00000001")
_LENGTH = re.compile(r"\d{1,9}", re.ASCII)  # a longer body is refused by its header
_REASONS = {
    200: "OK",
    301: "Moved Permanently",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    429: "Too Many Requests",
    500: "Internal Server Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


class Form(Enum):
    """The format of a response; all are legal (RFC 9112)."""

    USUAL = auto()
    CHUNKED = auto()
    UNUSUAL = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request header. ``body_bytes`` is the length of the body; None if unknown (chunked).

    ``headers`` are in the order received, with names in lower case.
    """

    method: str
    path: str
    body_bytes: int | None
    keeps_alive: bool
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    awaits_continue: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A response before HTTP encoding. ``allow``: the methods that a 405 response must list.

    ``headers`` are sent besides the usual ones.
    """

    status: int
    body: bytes = b""
    content_type: str = JSON
    allow: str = ""
    headers: tuple[tuple[str, str], ...] = ()


def parse_head(head: bytes) -> Request | None:
    """Parse a header without its final empty line; None if it is not HTTP/1.x. Never raises."""
    lines = head.decode("latin-1").split("\r\n")
    parts = lines[0].split(" ")
    if len(parts) != 3 or parts[2] not in {"HTTP/1.0", "HTTP/1.1"}:  # noqa: PLR2004  # RFC 9112, 3
        return None
    pairs = (line.partition(":") for line in lines[1:])
    headers = tuple((name.strip().lower(), value.strip(" \t")) for name, _, value in pairs)
    fields = dict(headers)
    length = fields.get("content-length", "0")
    known = _LENGTH.fullmatch(length) and "transfer-encoding" not in fields
    options = {option.strip() for option in fields.get("connection", "").lower().split(",")}
    return Request(
        method=parts[0],
        path=parts[1],
        body_bytes=int(length) if known else None,
        keeps_alive=parts[2] == "HTTP/1.1" and "close" not in options,
        headers=headers,
        awaits_continue=fields.get("expect", "").lower() == "100-continue",
    )


def write(request: Request, reply: Reply, now_s: float, form: Form = Form.USUAL) -> bytes:
    """Encode the response to ``request``; ``now_s`` becomes its Date."""
    body = reply.body
    headers = [("Date", formatdate(now_s, usegmt=True)), ("Content-Type", reply.content_type)]
    headers += reply.headers
    if reply.allow:
        headers.append(("Allow", reply.allow))
    if form is Form.CHUNKED:
        headers.append(("Transfer-Encoding", "chunked"))
        body = _chunked(body)
    else:
        headers.append(("Content-Length", str(len(body))))
    headers.append(("Connection", "keep-alive" if request.keeps_alive else "close"))
    head = _unusual(reply.status, headers) if form is Form.UNUSUAL else _usual(reply.status, headers)
    return head.encode("ascii") + (b"" if request.method == "HEAD" else body)


def refused() -> bytes:
    """The response to an invalid or too long request; the connection is closed after it."""
    return b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def http_2() -> bytes:
    """The response of a server that speaks only HTTP/2 to a request in HTTP/1.1."""
    return _SETTINGS + _GOAWAY


def _usual(status: int, headers: list[tuple[str, str]]) -> str:
    fields = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return f"HTTP/1.1 {status} {_REASONS[status]}\r\n{fields}\r\n"


def _unusual(status: int, headers: list[tuple[str, str]]) -> str:
    """No reason phrase, mixed-case names, extra whitespace around values, an unknown header twice."""
    fields = "".join(
        f"{name.upper() if index % 2 else name.lower()}:{value}\r\n"
        if index % 2
        else f"{name.lower()}: \t {value} \t\r\n"
        for index, (name, value) in enumerate(headers)
    )
    return f'HTTP/1.1 {status} \r\nx-odd:\r\nX-ODD: a, b;c="d"\r\n{fields}\r\n'


def _chunked(body: bytes) -> bytes:
    parts = [body[start : start + _CHUNK_BYTES] for start in range(0, len(body), _CHUNK_BYTES)]
    return b"".join(f"{len(part):x}\r\n".encode() + part + b"\r\n" for part in parts) + b"0\r\n\r\n"
