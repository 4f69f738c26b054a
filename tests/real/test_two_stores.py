"""One agent and two key stores: each has its own verdicts, predictions, series and banner."""

import asyncio
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.exposition import generate_latest
from support.network import prometheus_server
from support.network.running_agent import QUICK, RunningAgent, connect_errors, outcomes

from exporters.prometheus import PrometheusSink
from probe import config
from probe.agent.agent import Agent
from probe.agent.history import History
from probe.agent.runner import SilentObserver
from probe.agent.state import State
from probe.commands.configuration import accesses
from probe.verdicts.judge import judge
from simulator import Capability, Simulation, load_scenario, start

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("can_simulate")]
RIGHT, WRONG = "cks-1111111111111111", "cks-2222222222222222"
HOSTS = {RIGHT: ("nlb-euc1-az1", "proxy-1"), WRONG: ("nlb-euc1-az2", "proxy-2")}
REFUSED = "INVALID_CREDENTIALS"
ACCEPTED = "credential-is-accepted"
OF_A_STORE = ("requirement_outcome", "kms_error_predicted", "kms_prediction_decided")


@pytest.fixture(scope="module")
def simulation(can_simulate: Capability) -> Iterator[Simulation]:
    assert can_simulate.namespaces
    with start(load_scenario("healthy"), enter=False) as running:
        yield running


@pytest.fixture(scope="module")
def settings(simulation: Simulation) -> dict[str, Any]:
    """Each key store has the node and the proxy of one zone; the credential of the second one is outdated."""
    configuration = simulation.configuration()
    credential_document = json.loads(simulation.credential_file.read_text())
    credential_document["XksProxyAuthenticationCredential"]["RawSecretAccessKey"] = "x" * 43
    outdated = simulation.directory / "outdated-credential.json"
    outdated.touch(mode=0o600)
    outdated.write_text(json.dumps(credential_document))
    files = {RIGHT: simulation.credential_file, WRONG: outdated}
    others = {
        key: configuration[key] for key in ("resolve_with", "extra_authorities", "regions", "threshold")
    }
    return {**others, **QUICK, "key_store": [_store(configuration, id_, files[id_]) for id_ in HOSTS]}


def _store(configuration: Mapping[str, Any], id_: str, credential: Path) -> dict[str, Any]:
    own = {"nodes": HOSTS[id_], "backends": HOSTS[id_]}
    return {
        **configuration["key_store"],
        "id": id_,
        "credential": {"file": str(credential)},
        "proxy": configuration["proxy"],
        **{
            section: [each for each in configuration[section] if each["name"] in names]
            for section, names in own.items()
        },
    }


@pytest.fixture(scope="module")
def agent(
    simulation: Simulation,
    settings: dict[str, Any],
    xks_probe: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[RunningAgent]:
    file = tmp_path_factory.mktemp("two") / "xks-probe.yaml"
    with RunningAgent(simulation, xks_probe, file, settings) as running:
        prometheus_server.wait_for(
            "both key stores are evaluated", lambda: all(map(is_evaluated, stores(running).values()))
        )
        yield running


def stores(agent: RunningAgent) -> dict[str, dict[str, Any]]:
    return {each["key_store"]: each for each in agent.status()["stores"]}


def is_evaluated(store: Mapping[str, Any]) -> bool:
    return len(outcomes(store, ACCEPTED)) > 0 and "unknown" not in outcomes(store, ACCEPTED)


def test_each_key_store_has_verdicts_only_on_its_own_targets(agent: RunningAgent) -> None:
    shown = stores(agent)
    assert {id_: outcomes(store, ACCEPTED) for id_, store in shown.items()} == {
        RIGHT: {"met"},
        WRONG: {"violated"},
    }
    for id_, store in shown.items():
        verdicts = store["report"]["verdicts"]
        assert {each["subject"] for each in verdicts if each["requirement"] == ACCEPTED} == set(HOSTS[id_])


def test_each_key_store_has_its_own_prediction(agent: RunningAgent) -> None:
    errors = {id_: connect_errors(store) for id_, store in stores(agent).items()}
    assert errors[WRONG] == {REFUSED: "expected"}
    assert REFUSED not in errors[RIGHT]


def test_each_key_store_has_its_own_series(agent: RunningAgent) -> None:
    for id_, is_refused in ((RIGHT, 0.0), (WRONG, 1.0)):
        predicted = agent.values(
            "kms_error_predicted", key_store=id_, operation="connect", error=REFUSED, likelihood="expected"
        )
        violated = agent.values(
            "requirement_outcome", key_store=id_, requirement=ACCEPTED, outcome="violated"
        )
        assert (predicted, violated) == ([is_refused], [is_refused] * len(HOSTS[id_]))
    assert {each.labels["key_store"] for each in agent.samples() if each.name in OF_A_STORE} == {RIGHT, WRONG}


def test_each_key_store_has_its_own_banner_worst_first(agent: RunningAgent) -> None:
    status, page = agent.status(), agent.page()
    assert [each["key_store"] for each in status["stores"]] == [WRONG, RIGHT]
    assert status["connect"]["headline"] == f"KMS would fail with {REFUSED}"
    assert page.index(WRONG) < page.index(f"KMS would fail with {REFUSED}") < page.index(RIGHT)


def test_one_proxy_can_serve_both_key_stores(
    simulation: Simulation, settings: dict[str, Any], xks_probe: Path, tmp_path: Path
) -> None:
    """One address in two key stores is two targets, each with the credential of its key store."""
    right, wrong = settings["key_store"]
    same = [{**each, "name": f"{each['name']}-too"} for each in right["nodes"]]
    shared = {**settings, "key_store": [right, {**wrong, "nodes": same, "backends": []}]}
    with RunningAgent(simulation, xks_probe, tmp_path / "xks-probe.yaml", shared, port=9912) as agent:
        prometheus_server.wait_for(
            "each key store has the verdict on its own credential",
            lambda: (
                {id_: outcomes(store, ACCEPTED) for id_, store in stores(agent).items()}
                == {RIGHT: {"met"}, WRONG: {"violated"}}
            ),
        )
        answers = {
            name: {each.labels["code"] for each in agent.samples() if is_answer(each, name)}
            for name in (HOSTS[RIGHT][0], f"{HOSTS[RIGHT][0]}-too")
        }
        assert list(answers.values()) == [{"200"}, {"401"}]


def is_answer(sample: Any, target: str) -> bool:
    return (
        sample.name == "health_answers_total"
        and sample.labels["target"] == target
        and sample.labels["mode"] == "cold"
        and sample.value > 0
    )


def test_a_removed_key_store_leaves_no_series(simulation: Simulation, settings: dict[str, Any]) -> None:
    """The sinks get the same calls as if a key store were removed while the agent runs."""
    right, _ = settings["key_store"]
    documents = [
        {**settings, "listen": "127.0.0.1:9913", "key_store": each}
        for each in (settings["key_store"], [right])
    ]
    before, after = simulation.call(lambda: asyncio.run(_series_with_both_and_with_one(documents)), 90.0)
    for word in (WRONG, *HOSTS[WRONG]):
        assert word in before
        assert word not in after
    for word in (RIGHT, *HOSTS[RIGHT]):
        assert f'"{word}"' in after
    counted = re.findall(
        rf'health_answers_total{{code="200",mode="cold",target="{HOSTS[RIGHT][0]}"}} (.*)', after
    )
    assert [float(count) > 0 for count in counted] == [True], "the remaining key store keeps its counters"


async def _series_with_both_and_with_one(documents: Sequence[Mapping[str, Any]]) -> list[str]:
    both, one = (config.parse(yaml.safe_dump(each), source="test", directory=Path("/")) for each in documents)
    sink, history = PrometheusSink("1"), History()
    agent = Agent(both, (sink,), SilentObserver(), history=history, accesses=accesses(both))
    await agent.once(lambda _done, _total: None)
    before = generate_latest(sink.registry).decode()
    state = State(one, history, accesses(one))
    for each in (history, sink):
        each.on_targets(state.targets)
    for store in state.stores:
        sink.on_report(judge(state.snapshot(store)))
    return [before, generate_latest(sink.registry).decode()]
