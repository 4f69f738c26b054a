"""An agent in a simulation with a real Prometheus that scrapes it and evaluates the shipped rules, sped up."""

import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import yaml
from support.network import prometheus_server
from support.network.running_agent import RunningAgent

from simulator import Simulation

ROOT = Path(__file__).resolve().parents[3]
RULES = ROOT / "deploy" / "prometheus" / "rules.yml"
PORT, AGENT_PORT = 9090, 9911
# The TCP interval of 15 s becomes 1 s, the shortest that is allowed: divided by 15, the number of probes stays the same.
EACH_SECOND = {
    "intervals": {"icmp": "1s", "tcp": "1s", "tls": "2s", "dns": "5s", "health": "5s"},
    "timeouts": {"icmp": "900ms", "tcp": "900ms", "tls": "1500ms", "dns": "2s", "health": "4s"},
    "report_interval": "1s",
}
BROKEN = {"report_interval": "never"}


class ObservedAgent:
    """A context manager. ``divide_by`` speeds up all rules, ``faster`` some alerts, by name, by another divisor."""

    def __init__(
        self,
        simulation: Simulation,
        xks_probe: Path,
        folder: Path,
        settings: Mapping[str, Any],
        *,
        divide_by: int,
        faster: Mapping[str, int] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.simulation, self.settings = simulation, settings
        self._xks_probe, self._file, self._environment = xks_probe, folder / "xks-probe.yaml", environment
        rules = _rules(divide_by, faster or {})
        self._prometheus = prometheus_server.command(folder, PORT, f"127.0.0.1:{AGENT_PORT}", rules)

    def __enter__(self) -> Self:
        self._server = self.simulation.popen(self._prometheus)
        self.start_agent()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop_agent()
        prometheus_server.end(self._server)

    def start_agent(self, settings: Mapping[str, Any] | None = None) -> None:
        self.agent = RunningAgent(
            self.simulation,
            self._xks_probe,
            self._file,
            settings or self.settings,
            port=AGENT_PORT,
            environment=self._environment,
        ).__enter__()

    def stop_agent(self) -> None:
        self.agent.__exit__()

    def reload(self, settings: Mapping[str, Any]) -> None:
        """Replace the configuration file, and ask the agent to read it; it may refuse it."""
        self.agent.configure(settings)
        self.agent.process.send_signal(signal.SIGHUP)

    def ask(self, path: str, **parameters: str) -> Any:
        """Prometheus's answer; None while it does not answer yet."""
        return self.simulation.call(lambda: prometheus_server.ask(PORT, path, **parameters), timeout_s=100)

    def firing(self) -> set[str]:
        answer = self.ask("alerts") or {"alerts": []}
        return {alert["labels"]["alertname"] for alert in answer["alerts"] if alert["state"] == "firing"}

    def wait_for_scrape(self) -> None:
        prometheus_server.wait_for(
            "the first scrape", lambda: bool((self.ask("query", query="up == 1") or {}).get("result"))
        )


def _rules(divide_by: int, faster: Mapping[str, int]) -> str:
    rules = _divided(divide_by)
    of_divisor = {divisor: _alerts(_divided(divisor)) for divisor in set(faster.values())}
    for group in rules["groups"]:
        group["rules"] = [
            of_divisor[faster[each["alert"]]][each["alert"]] if each.get("alert") in faster else each
            for each in group["rules"]
        ]
    return yaml.safe_dump(rules)


def _alerts(rules: Mapping[str, Any]) -> dict[str, Any]:
    return {each["alert"]: each for group in rules["groups"] for each in group["rules"] if "alert" in each}


def _divided(divide_by: int) -> Any:
    command = [sys.executable, ROOT / "tools" / "fast_rules.py", RULES, "--divide-by", str(divide_by)]
    return yaml.safe_load(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
