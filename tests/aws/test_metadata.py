"""The instance's own Region: with a token, once, and never off EC2."""

import http.server
import threading
from collections.abc import Iterator
from typing import ClassVar

import pytest

from probe.aws import metadata


class Service(http.server.BaseHTTPRequestHandler):
    """IMDSv2: a token for a PUT, data for who has it."""

    asked: ClassVar[list[tuple[str, str, bool]]] = []
    answers: ClassVar[bool] = True

    def _answer(self, body: bytes) -> None:
        self.asked.append((self.command, self.path, "X-aws-ec2-metadata-token" in self.headers))
        self.send_response(200 if self.answers else 500)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self) -> None:
        self._answer(b"token")

    def do_GET(self) -> None:
        self._answer(b"eu-west-1a")

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Service]]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service) as served:
        thread = threading.Thread(target=served.serve_forever)
        thread.start()
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", f"http://127.0.0.1:{served.server_port}")
        monkeypatch.delenv("AWS_EC2_METADATA_DISABLED", raising=False)
        Service.asked, Service.answers = [], True
        yield Service
        served.shutdown()
        thread.join()


@pytest.mark.loopback
def test_on_ec2_the_region_is_asked_for_with_a_token(
    service: type[Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metadata, "on_ec2", lambda: True)
    assert metadata.region() == "eu-west-1"
    assert [(method, has_token) for method, _, has_token in service.asked] == [("PUT", False), ("GET", True)]


@pytest.mark.loopback
def test_a_service_that_fails_is_asked_once_and_says_nothing(
    service: type[Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metadata, "on_ec2", lambda: True)
    service.answers = False
    assert metadata.region() is None
    assert len(service.asked) <= 2


@pytest.mark.loopback
def test_off_ec2_nobody_is_asked(service: type[Service], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "on_ec2", lambda: False)
    assert metadata.region() is None
    assert service.asked == []
