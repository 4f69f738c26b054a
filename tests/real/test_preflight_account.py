"""Preflights of an account: without permissions, without credentials, from a file, with several load balancers."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from support.accounts.two_balancers import with_another_balancer
from support.pace import PRIORITY
from support.preflight.cases import Case
from support.preflight.playing import NAME, Played
from support.preflight.recording import from_file, recorded

from probe.aws.calls import action
from simulator import Simulation

pytestmark = pytest.mark.real

REGION = "eu-central-1"
NO_KEYS = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
HOSTS = ("nlb-euc1-az1", "nlb-euc1-az2", "proxy-1", "proxy-2")
NODES = {"--node": [f"{{{each}}}" for each in HOSTS[:2]], "--target": [f"{{{each}}}" for each in HOSTS[2:]]}
HEALTH = "health-response-is-valid"
Preflight = Callable[..., Played]


@pytest.fixture
def simulation(preflight_simulation: Simulation) -> Simulation:
    return preflight_simulation


@pytest.fixture
def preflight(play: Callable[..., Played]) -> Preflight:
    def run(more: Mapping[str, str] | None = None, **differs: Any) -> Played:
        return play(Case(name="", expect={}, **differs), more)

    return run


def judged(run: Played) -> set[tuple[str, str, str]]:
    return {(v["requirement"], v["subject"], v["outcome"]) for v in run.report["verdicts"]}


def outcomes_of(run: Played, requirement: str) -> dict[str, str]:
    return {v["subject"]: v["outcome"] for v in run.report["verdicts"] if v["requirement"] == requirement}


def test_without_any_permission_each_action_that_is_missing_is_named(preflight: Preflight) -> None:
    run = preflight(account={"refused": {"*": "AccessDenied"}})
    assert run.status == 3
    assert not run.faults()
    refused = {each["call"]: each["because"] for each in run.report["aws"]["failed_calls"]}
    for call, because in refused.items():
        assert f"allow the IAM action {call}" in because
    reasons = " ".join(v["because"] for v in run.report["verdicts"] if v["outcome"] == "unknown")
    # No reason names these two: few requirements need the identity, and one call that describes the service is enough.
    needless = {"sts:GetCallerIdentity", "ec2:DescribeVpcEndpointServices"}
    assert {call for call in refused if call not in reasons} == needless


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        pytest.param("sts", "GetCallerIdentity", marks=pytest.mark.long),
        pytest.param("ec2", "DescribeVpcEndpointServicePermissions", marks=pytest.mark.long),
        ("elbv2", "DescribeTargetHealth"),
    ],
)
def test_a_single_denied_call_is_named_with_its_action(
    service: str, operation: str, preflight: Preflight
) -> None:
    """Pure tests cover which requirements become unknown; this one checks that the denied call is reported."""
    run = preflight(account={"refused": {operation: "AccessDenied"}})
    assert {each["call"] for each in run.report["aws"]["failed_calls"]} == {action(service, operation)}
    assert not run.faults()


def test_without_aws_credentials_the_network_is_still_measured(
    simulation: Simulation, preflight: Preflight
) -> None:
    run = preflight(NO_KEYS, options=NODES)
    assert run.status == 3
    tcp = {each["address"]: each["tcp"]["outcome"] for each in run.report["matrix"]}
    assert tcp == {simulation.address(each): "met" for each in (*HOSTS, "hsm-1")}
    assert set(outcomes_of(run, HEALTH).values()) == {"met"}
    assert outcomes_of(run, "some-node-accepts-tcp-443") == {"key store": "met"}
    assert {each["because"] for each in run.report["aws"]["failed_calls"]} == {"no credentials found"}


@pytest.mark.long
@pytest.mark.parametrize(
    "section",
    [
        {},
        {"refused": {"DescribeVpcs": "UnauthorizedOperation", "DescribeTargetHealth": "AccessDenied"}},
        {
            "answers": {
                "DescribeVpcEndpointServiceConfigurations": {
                    "ServiceConfigurations[0].AcceptanceRequired": True
                },
                "DescribeTargetHealth": {"TargetHealthDescriptions[1].TargetHealth.State": "unhealthy"},
                "DescribeLoadBalancers": {"LoadBalancers[0].Scheme": "internet-facing"},
            }
        },
    ],
    ids=["healthy", "two calls are refused", "with faults"],
)
def test_an_account_from_a_file_is_evaluated_as_from_the_api(
    section: dict[str, Any], simulation: Simulation, preflight: Preflight, tmp_path: Path
) -> None:
    account = {"key_stores": [], **section}
    by_api = preflight(account=account)
    options = from_file(recorded(simulation, account), tmp_path / "account.json")
    same = preflight(NO_KEYS, options=options, account={"refused": {"*": "AccessDenied"}})
    assert same.report["aws"]["collected_at"] == "2026-01-15T09:30:00Z"
    assert judged(same) == judged(by_api)
    assert same.status == by_api.status


@pytest.mark.long
def test_each_of_several_load_balancers_is_probed_and_evaluated(
    simulation: Simulation, preflight: Preflight, tmp_path: Path
) -> None:
    """The failed load balancer is a fault, but KMS can connect through the other one."""
    document = with_another_balancer(recorded(simulation, {"key_stores": []}), state="failed")
    options = from_file(document, tmp_path / "account.json")
    run = preflight(options={**options, "--timeout": "15"}, faults={"nlb-euc1-az2": ["dead"]})
    assert outcomes_of(run, "load-balancer-is-active") == {"net/xks": "met", "net/other": "violated"}
    assert outcomes_of(run, "every-node-accepts-tcp-443") == {
        "xks-eu-central-1a": "met",
        "other-eu-central-1b": "violated",
    }
    assert outcomes_of(run, "some-node-accepts-tcp-443") == {"key store": "met"}
    errors = run.report["prediction"]["connect"]["errors"]
    of_dead_node = [each for each in errors if "every-node-accepts-tcp-443" in each["requirements"]]
    assert [(e["likelihood"], e["error"]) for e in of_dead_node] == [("possible", "XKS_PROXY_NOT_REACHABLE")]
    others = {name for each in errors if each not in of_dead_node for name in each["requirements"]}
    assert others <= {"health-answers-within-250-ms"}, "a busy machine is slow; nothing else may be found"


def test_a_cloudhsm_key_store_is_rejected_with_one_line(preflight: Preflight) -> None:
    store = {"CustomKeyStoreType": "AWS_CLOUDHSM", "XksProxyConfiguration": None}
    run = preflight(exists=True, account={"key_stores": [store]})
    assert (run.status, run.report) == (2, {})
    assert len(run.words.splitlines()) == 1
    assert "AWS_CLOUDHSM" in run.words


def test_health_of_one_proxy_is_evaluated_as_in_a_preflight(simulation: Simulation, xks_probe: Path) -> None:
    """The command for a single proxy; it makes no AWS calls."""
    credential = simulation.scenario.proxy.credentials[0]
    simulation.set_fault("*", "all-unavailable")
    done = simulation.run(
        [
            *(
                *PRIORITY,
                str(xks_probe),
                "health",
                f"https://{NAME}/kms/xks/v1",
                "--region",
                REGION,
                "--format",
                "json",
            ),
            *("--connect-to", simulation.address("proxy-1"), "--extra-authority", "{ca}", "--timeout", "8"),
        ],
        60,
        environment={
            "XKS_PROXY_ACCESS_KEY_ID": credential.access_key_id,
            "XKS_PROXY_SECRET_ACCESS_KEY": credential.secret_access_key,
        },
    )
    verdicts = {v["requirement"]: v["outcome"] for v in json.loads(done.stdout)["verdicts"]}
    assert (done.returncode, verdicts["key-manager-is-available"]) == (1, "violated")
    assert (verdicts["credential-is-accepted"], verdicts[HEALTH]) == ("met", "met")
