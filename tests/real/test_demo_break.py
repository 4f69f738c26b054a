"""`demo --break`: the agent detects a fault that is caused while the demo runs."""

import json
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from support.network import prometheus_server
from support.pace import PRIORITY

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("can_simulate"), pytest.mark.timeout(400)]
PORT = 9918


def connect() -> dict[str, Any]:
    """What the page predicts for ConnectCustomKeyStore; empty before there is a page."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/api/v1/status", timeout=250) as answer:
            stores = json.load(answer)["stores"]
    except OSError:
        return {}
    return dict(stores[0]["connect"]) if stores else {}


def test_the_page_shows_the_kms_error_of_the_fault(xks_probe: Path, tmp_path: Path) -> None:
    log = tmp_path / "demo.log"
    words = [*PRIORITY, str(xks_probe), "demo", "--scenario", "healthy", "--listen", f"127.0.0.1:{PORT}"]
    with log.open("wb") as written:
        process = subprocess.Popen(
            [*words, "--break", "expired", "--after", "2s", "--log-format", "json"], stderr=written
        )
    try:
        prometheus_server.wait_for(
            "the error", lambda: connect().get("error") == "XKS_PROXY_INVALID_TLS_CONFIGURATION"
        )
    finally:
        prometheus_server.end(process)
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    changes = [line["fault"] for line in lines if line["event"] == "the simulated network has changed"]
    assert changes == ["expired"]
    assert process.returncode == 0
