"""Detects whether a server requires a client certificate, from a TLS alert or an HTTP response.

A server that requests a certificate and gets none may complete the handshake and then refuse each request
over HTTP (nginx: ngx_http_process_request in src/http/ngx_http_request.c).
"""

import re
from dataclasses import dataclass

# RFC 8446, section 6.2: handshake_failure, bad_certificate, certificate_required.
REFUSALS = frozenset({40, 42, 116})
MAX_ANSWER_BYTES = 64 * 1024

# nginx's own status codes for an invalid or a missing client certificate (NGX_HTTPS_CERT_ERROR,
# NGX_HTTPS_NO_CERT in src/http/ngx_http_request.h). By default it sends 400 instead.
_NO_CERTIFICATE = frozenset({495, 496})
_PERHAPS_NO_CERTIFICATE = frozenset({400, 403})
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})(?=[ \r\n])")
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_LENGTH = re.compile(rb"(?im)^content-length:[ \t]*(\d{1,9})[ \t]*\r?$")
_CHUNKED = re.compile(rb"(?im)^transfer-encoding:[ \t]*chunked[ \t]*\r?$")
_LAST_CHUNK = re.compile(rb"(?:^|\r\n)0\r\n\r\n$")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    status: int
    head: bytes
    body: bytes | None  # None while the header is incomplete


def accepts_none(answer: bytes) -> bool | None:
    r"""Whether the response, of which ``answer`` is the beginning, serves clients without a certificate.

    None if it is not HTTP.

    >>> accepts_none(b"HTTP/1.1 400 Bad Request\r\n\r\nNo required SSL certificate was sent")
    False
    >>> accepts_none(b"HTTP/1.1 404 Not Found\r\n\r\n")
    True
    """
    read = _read(answer)
    if read is None:
        return None
    if read.status in _NO_CERTIFICATE:
        return False
    return not (read.status in _PERHAPS_NO_CERTIFICATE and b"certificate" in answer.lower())


def is_enough(answer: bytes) -> bool:
    """Whether more bytes could not change the result of `accepts_none`, or the limit is reached."""
    if len(answer) >= MAX_ANSWER_BYTES:
        return True
    read = _read(answer)
    if read is None:
        return b"\n" in answer or not b"HTTP/1.".startswith(answer[:7])
    return read.status not in _PERHAPS_NO_CERTIFICATE or not accepts_none(answer) or _is_whole(read)


def _read(answer: bytes) -> _Answer | None:
    status = _STATUS.match(answer)
    if status is None:
        return None
    end = _END_OF_HEAD.search(answer)
    head, body = (answer[: end.start()], answer[end.end() :]) if end else (answer, None)
    return _Answer(status=int(status[1]), head=head, body=body)


def _is_whole(read: _Answer) -> bool:
    """Whether the response is complete by its headers; a body that ends with the connection never is."""
    if read.body is None:
        return False
    if _CHUNKED.search(read.head):
        return _LAST_CHUNK.search(read.body) is not None
    length = _LENGTH.search(read.head)
    return length is not None and len(read.body) >= int(length[1])
