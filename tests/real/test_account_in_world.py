"""A preflight through the installed command: AWS and the network are both simulated, and agree."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from probe.world import World, load_scenario, start
from probe.world.scenario_reader import read_scenario

pytestmark = pytest.mark.real

NAME = "myproxy-private.xks.example.com"
HEALTHY = load_scenario("healthy")
NAME_SERVER = "10.78.5.53"
RECORDS = [
    {"name": "xks.example.com", "type": "NS", "answers": ["ns.example.com."]},
    {"name": "ns.example.com", "type": "A", "answers": [NAME_SERVER]},
    {"name": "_abc123.xks.example.com", "type": "TXT", "answers": ["vpce:l6p0ERxlTt45jevFwOCp"]},
]
# They need what is not there: the proxy's credential, a key manager that is named, a key's id.
NEEDS_MORE = {
    "credential-is-well-formed",
    "credential-is-accepted",
    "proxy-clock-is-right",
    "uri-path-is-served",
    "proxy-admits-kms",
    "health-response-is-valid",
    "health-answers-within-250-ms",
    "key-manager-is-available",
    "round-trip-within-35-ms",
    "large-body-is-answered",
    "two-key-managers",
}


@pytest.fixture(scope="module")
def world(can_have_worlds: object) -> Iterator[World]:
    name_servers = [{"name": "dns-1", "rtt": "2ms"}]
    document = {**HEALTHY.document, "account": {}, "name_servers": name_servers, "records": RECORDS}
    with start(read_scenario("healthy", document), reduced=False, enter=False) as running:
        yield running


def preflight(xks_probe: Path, world: World, *more: str) -> dict[str, Any]:
    command = [
        *(str(xks_probe), "preflight", "--region", "eu-central-1", "--format", "json"),
        *("--uri-endpoint", f"https://{NAME}", "--uri-path", "/kms/xks/v1"),
        *("--extra-authority", "{ca}", "--public-resolver", NAME_SERVER, *more),
    ]
    done = world.run(command, 90, environment=world.aws_environment())
    assert done.returncode in {0, 1, 3}, done.stderr
    assert done.stdout, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def of_outcome(report: dict[str, Any], outcome: str) -> set[str]:
    return {v["requirement"] for v in report["verdicts"] if v["outcome"] == outcome}


def test_a_healthy_account_is_found_whole_and_without_fault(xks_probe: Path, world: World) -> None:
    world.set_account({"key_stores": []})
    report = preflight(xks_probe, world, "--endpoint-service", world.service_name)
    assert report["aws"]["failed_calls"] == []
    assert of_outcome(report, "violated") == set()
    assert of_outcome(report, "unknown") <= NEEDS_MORE
    probed = {each["address"] for each in report["matrix"]}
    assert probed == {world.address(each.name) for each in (*HEALTHY.nodes, *HEALTHY.backends)}
    assert {each["tcp"]["outcome"] for each in report["matrix"]} == {"met"}


def test_an_existing_key_store_is_followed_to_its_service(xks_probe: Path, world: World) -> None:
    world.set_account({})
    report = preflight(xks_probe, world, "--key-store", HEALTHY.key_store)
    assert report["endpoint_service"] == world.service_name
    assert of_outcome(report, "violated") == set()


def test_a_fault_of_the_account_is_found(xks_probe: Path, world: World) -> None:
    accepting = {"ServiceConfigurations[0].AcceptanceRequired": True}
    world.set_account({"key_stores": [], "answers": {"DescribeVpcEndpointServiceConfigurations": accepting}})
    report = preflight(xks_probe, world, "--endpoint-service", world.service_name)
    assert of_outcome(report, "violated") == {"acceptance-is-not-required"}
