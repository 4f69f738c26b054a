"""The Prometheus that is first in PATH (2 or 3), started by a test and queried through its HTTP API."""

import json
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

# Much longer than a first scrape, a rule's window and its `for` together.
PATIENCE_S = 240.0


def command(
    folder: Path,
    port: int,
    agent: str,
    rules: str = "",
    *,
    scrape: Sequence[Mapping[str, object]] = ({},),
) -> list[str]:
    """The command line of a Prometheus that scrapes ``agent`` (host:port) twice a second, once for each ``scrape``.

    The first job has the name of ours; each has its own settings from ``scrape``, such as a password.
    """
    (folder / "rules.yml").write_text(rules or "groups: []\n")
    configuration = {
        "global": {"scrape_interval": "500ms", "evaluation_interval": "500ms"},
        "rule_files": ["rules.yml"],
        "scrape_configs": [
            {"job_name": f"xks-probe{number or ''}", "static_configs": [{"targets": [agent]}], **settings}
            for number, settings in enumerate(scrape)
        ],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(configuration))
    return [
        "prometheus",
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
    ]


def ask(port: int, path: str, **parameters: str) -> Any:
    """The answer to ``/api/v1/PATH``; None while the server does not answer yet."""
    url = f"http://127.0.0.1:{port}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
    try:
        with urllib.request.urlopen(url, timeout=250) as answer:
            return json.load(answer)["data"]
    except OSError:
        return None


def wait_for(what: str, condition: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
    """Poll until ``condition`` is true; after ``patience_s``, raise an AssertionError with ``what``."""
    deadline_s = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline_s, f"not within {patience_s:g} s: {what}"
        time.sleep(0.5)


def end(process: subprocess.Popen[Any]) -> None:
    """Stop a process that the test started, by its id."""
    process.terminate()
    try:
        process.communicate(timeout=250)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate(timeout=250)
