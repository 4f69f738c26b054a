import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.world.http_answers import Request, answer, parse_head

HEALTH = json.dumps({"requestMetadata": {"kmsRequestId": "1", "kmsOperation": "KmsHealthCheck"}}).encode()


def said(method: str, path: str, body: bytes = b"", prefix: str = "") -> tuple[int, dict[str, object]]:
    request = Request(method=method, path=path, body_bytes=len(body), keeps_alive=True)
    head, _, content = answer(request, body, prefix, ("hsm-1",)).partition(b"\r\n\r\n")
    assert f"Content-Length: {len(content)}".encode() in head
    return int(head.split()[1]), json.loads(content or b"{}")


def test_health_has_all_that_the_specification_requires() -> None:
    status, document = said("POST", "/kms/xks/v1/health", HEALTH)
    assert status == 200
    assert set(document) == {
        "xksProxyFleetSize",
        "xksProxyVendor",
        "xksProxyModel",
        "ekmVendor",
        "ekmFleetDetails",
    }
    assert document["ekmFleetDetails"] == [
        {"id": "hsm-1", "model": "Simulated HSM", "healthStatus": "ACTIVE"}
    ]


@pytest.mark.parametrize(
    ("method", "path", "body", "prefix", "status"),
    [
        ("POST", "/a/kms/xks/v1/health", HEALTH, "/a", 200),
        ("POST", "/kms/xks/v1/health", HEALTH, "/a", 404),
        ("POST", "/kms/xks/v1/health", b"{}", "", 400),
        ("POST", "/kms/xks/v1/health", b"[" * 10_000, "", 400),
        ("GET", "/kms/xks/v1/health", b"", "", 405),
        ("GET", "/kms/xks/v1/keys/foo/encrypt", b"", "", 405),
        ("POST", "/kms/xks/v1/keys/foo/encrypt", b"", "", 501),
        ("GET", "/", b"", "", 404),
        ("GET", "/kms/xks/v1/", b"", "", 404),
    ],
)
def test_statuses(method: str, path: str, body: bytes, prefix: str, status: int) -> None:
    assert said(method, path, body, prefix)[0] == status


@pytest.mark.parametrize(
    ("head", "request_"),
    [
        (b"GET / HTTP/1.1\r\nHost: x", Request(method="GET", path="/", body_bytes=0, keeps_alive=True)),
        (b"GET / HTTP/1.0", Request(method="GET", path="/", body_bytes=0, keeps_alive=False)),
        (
            b"POST / HTTP/1.1\r\ncontent-length: 12\r\nConnection: close",
            Request(method="POST", path="/", body_bytes=12, keeps_alive=False),
        ),
        (
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked",
            Request(method="POST", path="/", body_bytes=None, keeps_alive=True),
        ),
        (
            b"POST / HTTP/1.1\r\nContent-Length: 1e9",
            Request(method="POST", path="/", body_bytes=None, keeps_alive=True),
        ),
        (b"GET / HTTP/2", None),
        (b"", None),
    ],
)
def test_heads(head: bytes, request_: Request | None) -> None:
    assert parse_head(head) == request_


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_any_bytes_get_an_answer(data: bytes, body: bytes) -> None:
    for head in (data, b"POST /kms/xks/v1/health HTTP/1.1\r\n" + data):
        request = parse_head(head)
        assert request is None or answer(request, body, "", ()).startswith(b"HTTP/1.1 ")
