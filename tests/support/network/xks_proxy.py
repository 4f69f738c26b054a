"""An XKS proxy on loopback for tests: real TLS, signatures verified by independent code, scripted answers."""

import hashlib
import hmac
import json
import re
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import BinaryIO

HOST = "myproxy-private.xks.example.com"
KEY_ID, SECRET = "ABCDEFGHIJKLMNOPQRST", "MarkerMarkerMarkerMarkerMarkerMarkerMarker0"
REGION = "eu-west-1"
ALERT_IN_PLAIN_TEXT = bytes.fromhex("15 0303 0002 0250")  # fatal, internal_error
HEALTHY = {
    "xksProxyFleetSize": 2,
    "xksProxyVendor": "V",
    "xksProxyModel": "M",
    "ekmVendor": "E",
    "ekmFleetDetails": [
        {"id": "hsm-1", "model": "H", "healthStatus": "ACTIVE"},
        {"id": "hsm-2", "model": "H", "healthStatus": "DEGRADED"},
    ],
}
_SCOPE = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, ")


@dataclass
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Answer = tuple[int, bytes]


@dataclass
class XksServer:
    """``serve`` is for the loopback server in `conftest`. ``asked`` has all requests.

    ``answer`` may return another answer than the default one.
    """

    certificate: str
    path: str = "/kms/xks/v1"
    region: str = REGION
    secret: str = SECRET
    answer: Callable[[Asked], Answer | None] = lambda _request: None
    date: str | None = ""  # "": the current time; None: no Date header
    content_type: str = "application/json"
    delay_s: float = 0.0
    breaks_tls: bool = False  # after a request, by bytes that are no TLS record of the session
    drops: str = ""  # requests with this method are not answered: the connection is closed
    asked: list[Asked] = field(default_factory=list)

    def serve(self, connection: socket.socket) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        plain = connection.dup()
        with (
            plain,
            context.wrap_socket(connection, server_side=True) as stream,
            stream.makefile("rb") as reader,
        ):
            while request := self._read(reader):
                self.asked.append(request)
                if self.breaks_tls:
                    plain.sendall(ALERT_IN_PLAIN_TEXT)
                    return
                if request.method == self.drops:
                    return
                time.sleep(self.delay_s)
                status, body = self.answer(request) or self._default_answer(request)
                date = formatdate(usegmt=True) if self.date == "" else self.date
                head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n"
                head += f"Content-Type: {self.content_type}\r\n" if self.content_type else ""
                head += f"Date: {date}\r\n" if date else ""
                stream.sendall(head.encode() + b"\r\n" + body)

    def _read(self, reader: BinaryIO) -> Asked | None:
        first = reader.readline().decode()
        if not first:
            return None
        headers = {}
        while line := reader.readline().decode().strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        method, path, _ = first.split(" ")
        return Asked(method, path, headers, reader.read(int(headers.get("content-length", 0))))

    def _default_answer(self, request: Asked) -> Answer:
        if request.path != f"{self.path}/health" and "/keys/" not in request.path:
            return error(404, "InvalidUriPathException")
        if request.method != "POST":
            return 405, b""
        if not self.verifies(request):
            return error(401, "AuthenticationFailedException")
        if "/keys/" in request.path:
            return 200, json.dumps(
                {"keySpec": "AES_256", "keyUsage": ["ENCRYPT", "DECRYPT"], "keyStatus": "ENABLED"}
            ).encode()
        return 200, json.dumps(HEALTHY).encode()

    def verifies(self, request: Asked) -> bool:
        """Signature Version 4, written from the AWS General Reference without botocore."""
        authorization, date = request.headers.get("authorization", ""), request.headers.get("x-amz-date", "")
        found = _SCOPE.match(authorization)
        if found is None or "SignedHeaders=host;x-amz-date, " not in authorization:
            return False
        key_id, day, region, service = found.groups()
        if (key_id, region, service) != (KEY_ID, self.region, "kms-xks-proxy") or not date.startswith(day):
            return False
        canonical = "\n".join(
            [request.method, request.path, "", f"host:{request.headers['host']}", f"x-amz-date:{date}", "",
             "host;x-amz-date", hashlib.sha256(request.body).hexdigest()]
        )  # fmt: skip
        scope = f"{day}/{region}/{service}/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        key = f"AWS4{self.secret}".encode()
        for part in (day, region, service, "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        return authorization.endswith(f"Signature={hmac.digest(key, text.encode(), 'sha256').hex()}")


def error(status: int, name: str) -> Answer:
    return status, json.dumps({"errorName": name, "errorMessage": "refused by the test"}).encode()
