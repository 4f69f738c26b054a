"""What the simulated XKS proxy says over HTTP/1.1, as the proxy API's specification asks. Pure."""

import json
import re
from dataclasses import dataclass

MOST_HEAD_BYTES = 16_384
MOST_BODY_BYTES = 65_536
_API_VERSION = "/kms/xks/v1"
_METADATA = ("kmsRequestId", "kmsOperation")
_API_PATHS = re.compile(r"/(health|keys/[A-Za-z0-9._-]{1,128}/(metadata|encrypt|decrypt))", re.ASCII)
_LENGTH = re.compile(r"\d{1,9}", re.ASCII)  # more is refused by its head
_REASONS = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Content Too Large",
    501: "Not Implemented",
}
# GetHealthStatus: all fields are required, at most ten managers.
_HEALTH = {
    "xksProxyFleetSize": 2,
    "xksProxyVendor": "Simulated World",
    "xksProxyModel": "Simulated Proxy 1",
    "ekmVendor": "Simulated World",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The head of a request. ``body_bytes`` is what follows it; None if it cannot be known (chunked)."""

    method: str
    path: str
    body_bytes: int | None
    keeps_alive: bool


def parse_head(head: bytes) -> Request | None:
    """The head without its empty line, or None if it is none of HTTP/1.x. Never an exception."""
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(" ")
    if len(words) != 3 or words[2] not in {"HTTP/1.0", "HTTP/1.1"}:  # noqa: PLR2004  # RFC 9112, 3
        return None
    fields = {
        name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])
    }
    length = fields.get("content-length", "0")
    known = _LENGTH.fullmatch(length) and "transfer-encoding" not in fields
    return Request(
        method=words[0],
        path=words[1],
        body_bytes=int(length) if known else None,
        keeps_alive=words[2] == "HTTP/1.1" and fields.get("connection", "").lower() != "close",
    )


def answer(request: Request, body: bytes, prefix: str, key_managers: tuple[str, ...]) -> bytes:
    """The whole response. ``prefix`` is the path before ``/kms/xks/v1``, possibly empty."""
    api = prefix + _API_VERSION
    inner = request.path.removeprefix(api) if request.path.startswith(api) else ""
    if not _API_PATHS.fullmatch(inner):
        return error(404, "InvalidUriPathException", "no such path", keeps_alive=request.keeps_alive)
    if request.method != "POST":  # the specification: a GET at an API path is answered 405
        return respond(405, b"", keeps_alive=request.keeps_alive)
    if inner != "/health":
        words = "the simulated proxy answers health alone"
        return error(501, "UnsupportedOperationException", words, keeps_alive=request.keeps_alive)
    if not _is_health_request(body):
        words = "give requestMetadata with kmsRequestId and kmsOperation"
        return error(400, "ValidationException", words, keeps_alive=request.keeps_alive)
    return respond(200, json.dumps(_health(key_managers)).encode(), keeps_alive=request.keeps_alive)


def error(status: int, name: str, words: str, *, keeps_alive: bool) -> bytes:
    body = json.dumps({"errorName": name, "errorMessage": words}).encode()
    return respond(status, body, keeps_alive=keeps_alive)


def respond(status: int, body: bytes, *, keeps_alive: bool) -> bytes:
    head = (
        f"HTTP/1.1 {status} {_REASONS[status]}\r\n"
        "Content-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n"
        f"Connection: {'keep-alive' if keeps_alive else 'close'}\r\n\r\n"
    )
    return head.encode("ascii") + body


def _health(key_managers: tuple[str, ...]) -> dict[str, object]:
    names = key_managers[:10] or ("simulated-hsm",)
    fleet = [{"id": name, "model": "Simulated HSM", "healthStatus": "ACTIVE"} for name in names]
    return {**_HEALTH, "ekmFleetDetails": fleet}


def _is_health_request(body: bytes) -> bool:
    try:
        metadata = json.loads(body)["requestMetadata"]
        return all(isinstance(metadata[key], str) for key in _METADATA)
    except (ValueError, KeyError, TypeError, IndexError, RecursionError):
        return False
