"""The installed command `xks-probe run` in a simulated network. Tests read its results over HTTP, as users do."""

import json
import urllib.request
from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple, Self

import yaml
from prometheus_client.parser import text_string_to_metric_families
from support.network import prometheus_server
from support.pace import PRIORITY

from simulator import Simulation

# Short enough for a test, and long enough for a slow machine.
QUICK = {
    "intervals": {"icmp": "1s", "tcp": "2s", "tls": "5s", "dns": "10s", "health": "5s"},
    "timeouts": {"icmp": "900ms", "tcp": "2s", "tls": "5s", "dns": "5s", "health": "5s"},
    "report_interval": "1s",
}
_ANSWER_S = 200.0


class Sample(NamedTuple):
    """One row of /metrics, without the prefix that all names have."""

    name: str
    labels: Mapping[str, str]
    value: float


class RunningAgent:
    """A context manager for one agent with its page on ``port``: ready on entry, stopped on exit."""

    def __init__(
        self,
        simulation: Simulation,
        xks_probe: Path,
        file: Path,
        settings: Mapping[str, Any],
        *,
        port: int = 9911,
        environment: Mapping[str, str] | None = None,
        options: Sequence[str] = (),
    ) -> None:
        self._simulation, self._port, self._file = simulation, port, file
        self.configure(settings)
        self.log = file.with_suffix(".log")
        with self.log.open("wb") as log:
            self.process = simulation.popen(
                [*PRIORITY, str(xks_probe), "run", "-c", str(file), "--log-format", "json", *options],
                stderr=log,
                env=environment,
            )

    def __enter__(self) -> Self:
        prometheus_server.wait_for("the page", lambda: self._answer("/-/ready") is not None)
        return self

    def __exit__(self, *_: object) -> None:
        prometheus_server.end(self.process)

    def configure(self, settings: Mapping[str, Any]) -> None:
        """Write the configuration file, whole at once."""
        new = self._file.with_suffix(".new")
        new.write_text(yaml.safe_dump({**settings, "listen": f"127.0.0.1:{self._port}"}), "utf-8")
        new.replace(self._file)

    def reload(self, settings: Mapping[str, Any]) -> str:
        """The answer to a POST once the settings are in use; the option that allows this must be set."""
        self.configure(settings)
        answer: str | None = self._simulation.call(
            lambda: _text_of(self._port, "/-/reload", "POST"), _ANSWER_S
        )
        assert answer is not None, f"not reloaded; the agent's log: {self.log.read_text()[-2000:]}"
        return answer

    def status(self) -> dict[str, Any]:
        status: dict[str, Any] = json.loads(self.ask("/api/v1/status"))
        return status

    def page(self) -> str:
        """The text of the page, without markup."""
        text = _PageText()
        text.feed(self.ask("/"))
        return " ".join("".join(text.found).split())

    def samples(self) -> list[Sample]:
        families = text_string_to_metric_families(self.ask("/metrics"))
        return [
            Sample(each.name.removeprefix("xksprobe_"), each.labels, each.value)
            for family in families
            for each in family.samples
        ]

    def values(self, name: str, **labels: str) -> list[float]:
        """The values of one metric; ``labels`` must be among a sample's labels."""
        wanted = labels.items()
        return [each.value for each in self.samples() if each.name == name and wanted <= each.labels.items()]

    def ask(self, path: str) -> str:
        answer = self._answer(path)
        assert answer is not None, f"no answer from {path}; the agent's log: {self.log.read_text()[-2000:]}"
        return answer

    def _answer(self, path: str) -> str | None:
        answer: str | None = self._simulation.call(lambda: _text_of(self._port, path), _ANSWER_S)
        return answer


def outcomes(store: Mapping[str, Any], requirement: str) -> set[str]:
    """The outcomes of a requirement over all subjects, in a key store's entry of the status."""
    report = store["report"] or {"verdicts": []}
    return {each["outcome"] for each in report["verdicts"] if each["requirement"] == requirement}


def connect_errors(store: Mapping[str, Any]) -> dict[str, str]:
    """The errors that ConnectCustomKeyStore would return, with their likelihood; masked errors are left out."""
    report = store["report"]
    errors = report["prediction"]["connect"]["errors"] if report else []
    return {each["error"]: each["likelihood"] for each in errors if each["masked_by"] is None}


def _text_of(port: int, path: str, method: str = "GET") -> str | None:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", method=method)
    try:
        with urllib.request.urlopen(request, timeout=_ANSWER_S / 2) as answer:  # noqa: S310 - the URL is http
            return str(answer.read().decode())
    except OSError:
        return None


class _PageText(HTMLParser):
    """Collects text. A ``<wbr>`` inside a word does not split it."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_data(self, data: str) -> None:
        self.found.append(data)
