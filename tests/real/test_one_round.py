"""A preflight and one round of a configured agent give the same verdicts on the same simulation and account."""

import asyncio
import functools
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.network.wire_waits import QUICK, late_requirements
from support.pace import PRIORITY
from support.preflight.cases import Case
from support.preflight.playing import NAME, NAME_SERVER, Played, environment

from exporters.report import judged
from probe import config
from probe.agent.agent import Agent
from probe.agent.refresh import Sources
from probe.agent.runner import SilentObserver
from probe.aws.boto3_client import Boto3Client
from probe.commands.configuration import accesses
from probe.requirements import CATALOGUE
from simulator import Simulation

pytestmark = pytest.mark.real

REGION = "eu-central-1"
# The names that discovery gives: load balancer and zone for a node, the address for a target.
NODES = {"xks-eu-central-1a": "nlb-euc1-az1", "xks-eu-central-1b": "nlb-euc1-az2"}
BACKENDS = ("proxy-1", "proxy-2")
KEY_MANAGER = "hsm-1"
LATE = "slow-300ms"
TIMEOUT = "20s"  # long enough for a busy machine; a silent zone delays each test by this much
SIMULATIONS: Mapping[str, Mapping[str, Any]] = {
    "all is well": {},
    "a dead zone and a refused credential": {
        "faults": {"nlb-euc1-az2": ["dead"], "*": ["unauthorized"]},
    },
    "an expired certificate, a principal that is not allowed, a target that AWS reports as unhealthy": {
        "faults": {"proxy-1": ["expired"]},
        "account": {
            "answers": {
                "DescribeVpcEndpointServicePermissions": {"AllowedPrincipals[0].Principal": "*"},
                "DescribeTargetHealth": {"TargetHealthDescriptions[1].TargetHealth.State": "unhealthy"},
            }
        },
    },
    "late responses, a distant key manager, no verification record, a denied call": {
        "faults": {"*": [LATE]},
        "rtt": {KEY_MANAGER: 0.06},
        "records": [],
        "account": {"refused": {"DescribeRouteTables": "UnauthorizedOperation"}},
    },
}
SHORT = ("all is well",)
Judgement = dict[str, Any]


def case_of(name: str) -> Case:
    faults = dict(SIMULATIONS[name])
    rtt_s = faults.pop("rtt", {})
    options = {"--data-centre": None, "--name": None, "--timeout": TIMEOUT.removesuffix("s")}
    return Case(name=name, expect={}, exists=True, options=options, rtt_s=rtt_s, **faults)


def explicit_configuration(simulation: Simulation) -> dict[str, Any]:
    """The configuration of a user who lists every target instead of using discovery."""

    def at(*names: str) -> list[dict[str, str]]:
        return [{"name": simulation.address(name), "address": simulation.address(name)} for name in names]

    (backends, key_managers) = (at(*BACKENDS), at(KEY_MANAGER))
    return {
        "key_store": {
            "id": simulation.scenario.key_store,
            "region": REGION,
            "uri_path": simulation.scenario.uri_path,
            "key_id": "foo",
            "credential": {"file": str(simulation.credential_file)},
        },
        "proxy": {"private_dns_name": NAME},
        "nodes": [{"name": name, "address": simulation.address(host)} for name, host in NODES.items()],
        "backends": backends,
        "key_managers": [{"name": each["name"], "host": each["address"]} for each in key_managers],
        "extra_authorities": [str(simulation.root_pem)],
        "intervals": {"health": TIMEOUT},
        "timeouts": {"health": TIMEOUT},
    }


def one_round(simulation: Simulation, case: Case) -> Judgement:
    """One round of the agent, in a separate process with the agent's network and the AWS endpoint."""
    document, variables = yaml.safe_dump(explicit_configuration(simulation)), environment(simulation, case)

    def measured() -> Judgement:
        if PRIORITY:
            os.setpriority(os.PRIO_PROCESS, 0, int(PRIORITY[-1]))
        os.environ.update(variables)
        settings = config.parse(document, source="test", directory=Path("/"))
        sources = Sources(
            caller=Boto3Client(REGION, read_timeout_s=60.0), public_resolvers=(NAME_SERVER,), timeout_s=60.0
        )
        agent = Agent(settings, (), SilentObserver(), accesses=accesses(settings), sources=(sources,))
        large_s = float(TIMEOUT.removesuffix("s"))
        (report,), _ = asyncio.run(agent.once(lambda _done, _total: None, large_client_hello_s=large_s))
        return {
            "verdicts": [judged.verdict(each) for each in report.verdicts],
            "prediction": judged.predictions(report.predictions),
        }

    found: Judgement = simulation.call(measured, 60.0)
    return found


def verdicts(of: Judgement) -> dict[tuple[str, str], tuple[str, frozenset[tuple[str, ...]]]]:
    """By requirement and subject: the outcome, and KMS's errors with their likelihood.

    Errors caused only by a few slow exchanges are left out, because a busy machine causes them.
    """
    return {
        (each["requirement"], each["subject"]): (
            each["outcome"],
            frozenset(
                (error["operation"], error["error"], error["likelihood"])
                for error in each["kms_errors"]
                if (each["requirement"], each["outcome"]) != (QUICK, "met")
            ),
        )
        for each in of["verdicts"]
    }


def predictions(of: Judgement) -> dict[str, tuple[bool, list[tuple[str, str, str | None]]]]:
    """By operation: whether it is decided, and the errors in order with likelihood and the error that hides them."""
    return {
        operation: (
            predicted["decided"],
            [
                (error["error"], error["likelihood"], error["masked_by"])
                for error in predicted["errors"]
                if error["likelihood"] == "expected" or error["requirements"] != [QUICK]
            ],
        )
        for operation, predicted in of["prediction"].items()
    }


Pair = tuple[Judgement, Judgement]
PairOf = Callable[[str], Pair]


@pytest.fixture(scope="module")
def pair_of(preflight_simulation: Simulation, play: Callable[[Case], Played]) -> PairOf:
    """The results of a preflight and of the agent in one simulation; each simulation is measured once."""

    @functools.cache
    def measured(name: str) -> Pair:
        case, since_s = case_of(name), time.time()
        preflight = play(case)
        assert preflight.report, preflight.words
        both = dict(preflight.report), one_round(preflight_simulation, case)
        late = late_requirements(preflight_simulation, since_s=since_s)
        if [LATE] in case.faults.values() or case.rtt_s:
            return both
        return without(late, both[0]), without(late, both[1])

    return measured


def without(late: frozenset[str], of: Judgement) -> Judgement:
    """For a machine that was late in one of the two runs, as the link recorded: the rest must still be the same."""
    if not late:
        return of
    return {
        "verdicts": [each for each in of["verdicts"] if each["requirement"] not in late],
        "prediction": {
            operation: {
                **predicted,
                "decided": None,
                "errors": [
                    {**error, "masked_by": None}
                    for error in predicted["errors"]
                    if not set(error["requirements"]) <= late
                ],
            }
            for operation, predicted in of["prediction"].items()
        },
    }


NAMES = [pytest.param(name, marks=[] if name in SHORT else [pytest.mark.long]) for name in SIMULATIONS]


@pytest.mark.parametrize("name", NAMES)
def test_each_requirement_has_the_same_outcome_for_the_same_subjects(name: str, pair_of: PairOf) -> None:
    preflight, agent = map(verdicts, pair_of(name))
    assert preflight == agent


@pytest.mark.parametrize("name", NAMES)
def test_both_predict_the_same_errors(name: str, pair_of: PairOf) -> None:
    preflight, agent = map(predictions, pair_of(name))
    assert preflight == agent


@pytest.mark.long
def test_everything_that_can_be_evaluated_was(pair_of: PairOf) -> None:
    """Otherwise the tests above would compare little."""
    evaluated = {each["requirement"] for name in SIMULATIONS for each in pair_of(name)[1]["verdicts"]}
    assert evaluated == {each.id for each in CATALOGUE}
    outcomes = {each["outcome"] for name in SIMULATIONS for each in pair_of(name)[1]["verdicts"]}
    assert outcomes == {"met", "violated", "unknown", "not_applicable"}
