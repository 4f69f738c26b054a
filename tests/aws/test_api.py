"""Calls by boto3 to a server of this machine: pages, refusals, silence, and endpoints that may not be used."""

import http.server
import threading
from collections.abc import Iterator
from typing import ClassVar

import pytest

from probe.aws.api import Api
from probe.model.account import Cause, Unavailable
from probe.wire.input_error import InputError

pytestmark = pytest.mark.loopback
SECRET = "MarkerMarkerMarkerMarkerMarkerMarkerMark"  # noqa: S105 -- a marker, looked for in what is said


class Script(http.server.BaseHTTPRequestHandler):
    """Answers in turn: (status, body); the last one goes on."""

    answers: ClassVar[list[tuple[int, bytes]]] = []
    asked: ClassVar[list[bytes]] = []

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        self.asked.append(self.rfile.read(length))
        status, body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Script]]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Script) as served:
        thread = threading.Thread(target=served.serve_forever)
        thread.start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{served.server_port}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        Script.answers, Script.asked = [], []
        yield Script
        served.shutdown()
        thread.join()


def ask(service: str, operation: str, timeout_s: float = 5.0) -> object:
    return Api("eu-west-1", read_timeout_s=2.0).call(service, operation, {}, timeout_s)


def test_all_pages_are_one_answer(server: type[Script]) -> None:
    server.answers = [
        (200, b'{"CustomKeyStores":[{"CustomKeyStoreId":"cks-1"}],"NextMarker":"m","Truncated":true}'),
        (200, b'{"CustomKeyStores":[{"CustomKeyStoreId":"cks-2"}],"Truncated":false}'),
    ]
    answer = ask("kms", "DescribeCustomKeyStores")
    assert isinstance(answer, dict)
    assert [each["CustomKeyStoreId"] for each in answer["CustomKeyStores"]] == ["cks-1", "cks-2"]
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("status", "body", "cause"),
    [
        (400, b'{"__type":"AccessDeniedException","message":"no"}', Cause.ACCESS_DENIED),
        (400, b'{"__type":"UnrecognizedClientException","message":"no"}', Cause.NOT_OPTED_IN),
        (400, b"<html>", Cause.FAILED),
    ],
)
def test_a_refusal_has_its_cause(server: type[Script], status: int, body: bytes, cause: Cause) -> None:
    server.answers = [(status, body)]
    answer = ask("kms", "DescribeCustomKeyStores")
    assert isinstance(answer, Unavailable)
    assert (answer.call, answer.cause) == ("kms:DescribeCustomKeyStores", cause)
    assert SECRET not in repr(answer)


def test_an_answer_that_cannot_be_read_is_odd(server: type[Script]) -> None:
    server.answers = [(200, b"<html>")]
    answer = ask("ec2", "DescribeVpcs")
    assert isinstance(answer, Unavailable)
    assert answer.cause is Cause.ODD_ANSWER


def test_without_time_nobody_is_asked(server: type[Script]) -> None:
    answer = ask("kms", "DescribeCustomKeyStores", 0.0)
    assert isinstance(answer, Unavailable)
    assert answer.cause is Cause.TIMED_OUT
    assert server.asked == []


def test_without_credentials_that_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, f"{tmp_path}/none")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    answer = ask("kms", "DescribeCustomKeyStores")
    assert isinstance(answer, Unavailable)
    assert (answer.cause, answer.because) == (Cause.NO_CREDENTIALS, "no credentials found")


def test_a_custom_endpoint_in_use_is_named(server: type[Script]) -> None:
    assert (Api("eu-west-1").endpoint_url or "").startswith("http://127.0.0.1:")
    del server


def test_awss_own_endpoints_are_no_custom_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    assert Api("eu-west-1").endpoint_url is None


def test_plain_http_is_for_this_machine_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://aws.example.com")
    with pytest.raises(InputError, match="is not https"):
        _ = Api("eu-west-1").endpoint_url
