"""A real Prometheus scrapes the demo and has metrics of the whole path; the demo's page shows it, too."""

import json
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.network import prometheus_server

from probe.requirements import CATALOGUE
from simulator import Capability, load_scenario

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("can_simulate")]
PAGE_WITHIN_S = 60.0

# The names of discovered targets: load balancer and zone for a node, the address for a proxy.
NODES = {"nlb-euc1-az1": "xks-eu-central-1a", "nlb-euc1-az2": "xks-eu-central-1b"}
BACKENDS = ("10.78.3.11", "10.78.3.12")
QUERIES = (
    'xksprobe_samples_total{timestamps="kernel"} > 0',
    'xksprobe_phase_duration_seconds_count{check="tls",phase="handshake"} > 0',
    'xksprobe_certificate_not_after_timestamp_seconds{position="0"} > 0',
    'xksprobe_requirement_outcome{requirement="common-name-matches",outcome="met"} == 1',
    'xksprobe_requirement_outcome{requirement="every-node-accepts-tcp-443",outcome="violated"} == 1',
    'xksprobe_requirement_outcome{requirement="kms-is-an-allowed-principal",outcome="met"} == 1',
    'xksprobe_requirement_outcome{requirement="verification-record-is-published",outcome="met"} == 1',
    'xksprobe_kms_error_predicted{operation="connect",error="XKS_PROXY_NOT_REACHABLE",likelihood="possible"} == 1',
    'xksprobe_survey_rtt_seconds{target_region="eu-central-1",statistic="median"} > 0.009',
    'xksprobe_survey_within_threshold{target_region="eu-central-1"} == 1',
)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture(scope="module")
def demo(can_simulate: Capability, xks_probe: Path) -> Iterator[tuple[int, float]]:
    """The demo's port, and the seconds until its page was available."""
    assert can_simulate.namespaces
    port, started_s = free_port(), time.monotonic()
    process = subprocess.Popen(
        [xks_probe, "demo", "--listen", f"127.0.0.1:{port}"], stderr=subprocess.DEVNULL
    )
    try:
        prometheus_server.wait_for("the page", lambda: "xks-probe" in page(port), PAGE_WITHIN_S)
        yield port, time.monotonic() - started_s
    finally:
        prometheus_server.end(process)


@pytest.fixture(scope="module")
def prometheus(demo: tuple[int, float], tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    port = free_port()
    command = prometheus_server.command(tmp_path_factory.mktemp("prometheus"), port, f"127.0.0.1:{demo[0]}")
    process = subprocess.Popen(command)
    try:
        yield port
    finally:
        prometheus_server.end(process)


def page(port: int) -> str:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=250) as answer:
            return str(answer.read().decode())
    except OSError:
        return ""


@pytest.mark.parametrize("query", QUERIES)
def test_prometheus_has_the_series(query: str, prometheus: int) -> None:
    prometheus_server.wait_for(
        query, lambda: bool((prometheus_server.ask(prometheus, "query", query=query) or {}).get("result"))
    )


def test_prometheus_has_round_trips_of_every_responding_region_node_and_backend(prometheus: int) -> None:
    scenario = load_scenario("default")
    responding = {f"region-{r.name}" for r in scenario.regions if r.fault == "alive"}
    responding |= {NODES[node.name] for node in scenario.nodes if node.fault == "alive"}
    responding |= set(BACKENDS)

    def missing() -> set[str]:
        answer = prometheus_server.ask(prometheus, "query", query="xksprobe_rtt_seconds_count > 0") or {
            "result": []
        }
        return responding - {series["metric"]["target"] for series in answer["result"]}

    prometheus_server.wait_for("every responding target", lambda: not missing())


def test_promtool_finds_no_fault_in_the_metrics(demo: tuple[int, float]) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{demo[0]}/metrics", timeout=250) as answer:
        scraped = answer.read()
    linted = subprocess.run(["promtool", "check", "metrics"], input=scraped, capture_output=True, check=False)
    assert (linted.returncode, linted.stdout, linted.stderr) == (0, b"", b"")


def test_the_page_shows_every_target_and_the_prediction(demo: tuple[int, float]) -> None:
    shown = page(demo[0])
    for name in (
        *NODES.values(),
        *BACKENDS,
        "hsm-1",
        "eu-central-1",
        "XKS_PROXY_NOT_REACHABLE",
    ):
        assert name in shown


def test_all_requirements_of_an_existing_key_store_are_judged(demo: tuple[int, float]) -> None:
    def judged() -> set[str]:
        with urllib.request.urlopen(f"http://127.0.0.1:{demo[0]}/api/v1/status", timeout=250) as answer:
            (store,) = json.load(answer)["stores"]
        return {verdict["requirement"] for verdict in (store["report"] or {"verdicts": []})["verdicts"]}

    prometheus_server.wait_for("every requirement", lambda: judged() == {each.id for each in CATALOGUE})
