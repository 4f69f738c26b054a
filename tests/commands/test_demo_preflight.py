"""`demo --preflight` is the ordinary preflight with the options of the simulated key store."""

import pytest

from probe.commands import demo_network, demo_preflight, preflight
from probe.commands.demo_network import Network
from probe.commands.exits import UsageError
from probe.commands.preflight_options import Form
from simulator import AccountTemplate, load_scenario, start, with_account

HEALTHY = load_scenario("healthy")


def test_a_scenario_with_a_load_balancer_has_a_preflight() -> None:
    demo_preflight.check(HEALTHY, is_reduced=False)


@pytest.mark.parametrize(
    ("name", "is_reduced", "words"),
    [
        ("healthy", True, "on loopback it needs ports 443 and 53"),
        ("regions-34", False, "the scenario regions-34 has no load balancer"),
    ],
)
def test_without_an_account_it_is_refused_with_the_reason(
    name: str, is_reduced: bool, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo_network.simulator(), "are_standard_ports_free", lambda: False)
    with pytest.raises(UsageError, match=f"^--preflight: {words}"):
        demo_preflight.check(load_scenario(name), is_reduced=is_reduced)


@pytest.mark.loopback
def test_the_plan_is_that_of_preflight_and_the_simulated_ca_counts_as_one_of_kms(
    accounts: AccountTemplate, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[preflight.Plan] = []
    monkeypatch.setattr(preflight, "take_round", lambda plan, _: taken.append(plan))
    with start(with_account(HEALTHY), reduced=True, start_account=accounts.start) as simulation:
        for name, value in simulation.aws_environment().items():
            monkeypatch.setenv(name, value)
        demo_preflight.take(Network(simulation=simulation, is_reduced=False), Form.JSON, None)
        (plan,) = taken
        assert plan.asked.key_manager == [simulation.address("hsm-1")]
    (store,) = plan.settings.stores
    assert (store.id, store.region, store.key_id) == (HEALTHY.key_store, "eu-central-1", "foo")
    assert plan.settings.is_simulation
    assert len(plan.settings.extra_authorities) == 1
    assert plan.access.facts(None) is not None
    assert (plan.vantage, plan.asked.form) == ("simulated VPC", Form.JSON)
