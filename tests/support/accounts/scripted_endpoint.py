"""A local server that gives scripted answers to boto3 calls."""

import http.server
import threading
from collections.abc import Iterator
from typing import ClassVar

import pytest

SECRET = "MarkerMarkerMarkerMarkerMarkerMarkerMark"  # noqa: S105 -- a marker that tests search for in output


class Script(http.server.BaseHTTPRequestHandler):
    """Gives the answers (status, body) in order; the last one is repeated."""

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
        """Log nothing."""


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
