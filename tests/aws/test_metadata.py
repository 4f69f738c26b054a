"""Reading the instance metadata: with a token, within the deadline, and only on EC2."""

import contextlib
import http.server
import json
import threading
import time
from collections.abc import Iterator
from typing import ClassVar

import pytest

from probe.aws import metadata
from probe.aws.metadata import Instance

pytestmark = pytest.mark.loopback
MAC = "02:29:96:8f:6a:2d"
DOCUMENT = {"region": "eu-west-1", "availabilityZone": "eu-west-1a", "instanceId": "i-0123456789abcdef0"}
COMPLETE = Instance(
    region="eu-west-1",
    zone="eu-west-1a",
    zone_id="euw1-az1",
    vpc_id="vpc-0abc",
    instance_id="i-0123456789abcdef0",
)


class Service(http.server.BaseHTTPRequestHandler):
    """IMDSv2: returns a token for a PUT, and data for requests with the token."""

    requests: ClassVar[list[tuple[str, str]]] = []
    answers: ClassVar[dict[str, bytes]] = {}
    delay_s: ClassVar[float] = 0.0

    def do_PUT(self) -> None:
        assert "X-aws-ec2-metadata-token-ttl-seconds" in self.headers
        self._answer(self.answers.get("api/token"))

    def do_GET(self) -> None:
        has_token = self.headers["X-aws-ec2-metadata-token"] == "token"
        self._answer(self.answers.get(self.path.removeprefix("/latest/")) if has_token else None)

    def _answer(self, body: bytes | None) -> None:
        self.requests.append((self.command, self.path))
        time.sleep(self.delay_s)
        with contextlib.suppress(OSError):  # the client may have closed the connection
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Service]]:
    Service.requests, Service.delay_s = [], 0.0
    Service.answers = {
        "api/token": b"token",
        "dynamic/instance-identity/document": json.dumps(DOCUMENT).encode(),
        "meta-data/placement/availability-zone-id": b"euw1-az1",
        "meta-data/mac": MAC.encode(),
        f"meta-data/network/interfaces/macs/{MAC}/vpc-id": b"vpc-0abc",
    }
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service) as served:
        thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", f"http://127.0.0.1:{served.server_port}")
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # must not be used
        monkeypatch.delenv("AWS_EC2_METADATA_DISABLED", raising=False)
        monkeypatch.setattr(metadata, "on_ec2", lambda: True)
        yield Service
        served.shutdown()
        thread.join()


def test_the_instance_is_read_with_a_token(service: type[Service]) -> None:
    assert metadata.instance() == COMPLETE
    assert service.requests[0] == ("PUT", "/latest/api/token")


def test_without_a_token_no_further_request_is_sent(service: type[Service]) -> None:
    del service.answers["api/token"]
    assert metadata.instance() is None
    assert len(service.requests) == 1


@pytest.mark.parametrize("missing", ["meta-data/mac", "meta-data/placement/availability-zone-id"])
def test_other_values_are_read_if_an_optional_one_is_missing(service: type[Service], missing: str) -> None:
    del service.answers[missing]
    found = metadata.instance()
    assert found is not None
    assert (found.region, found.instance_id) == ("eu-west-1", "i-0123456789abcdef0")
    assert None in (found.vpc_id, found.zone_id)


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b'{"region": "\x1b[31m"}', b'{"region": 5}'])
def test_malformed_responses_give_no_region(service: type[Service], body: bytes) -> None:
    service.answers["dynamic/instance-identity/document"] = body
    found = metadata.instance()
    assert found is None or found.region is None


def test_an_invalid_mac_address_is_not_used_in_a_path(service: type[Service]) -> None:
    service.answers["meta-data/mac"] = b"../../x"
    found = metadata.instance()
    assert found is not None
    assert found.vpc_id is None
    assert not any("x/vpc-id" in path for _, path in service.requests)


def test_all_requests_share_one_deadline(service: type[Service], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "TIMEOUT_S", 4.0)
    service.delay_s = 2.4
    assert metadata.instance() is None  # the token takes 2.4 s, the document would take as much
    assert [method for method, _ in service.requests] == ["PUT", "GET"]


def test_a_disabled_service_gets_no_request(service: type[Service], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert metadata.instance() is None
    assert service.requests == []


def test_no_request_is_sent_on_other_machines_than_ec2(
    service: type[Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metadata, "on_ec2", lambda: False)
    assert metadata.instance() is None
    assert service.requests == []
