"""What the demo starts, and what the agent gets to know of it."""

import os
from collections.abc import Iterator

import pytest

from probe.commands import demo_extra, demo_network
from probe.commands.demo_network import Network
from probe.commands.discovery import sources_of
from probe.commands.exits import UsageError
from simulator import AccountTemplate, Capability, SimulationError, load_scenario, start, with_account


@pytest.fixture
def own_environment() -> Iterator[None]:
    """A user's AWS settings; the environment is restored after what the demo does with it."""
    before = dict(os.environ)
    os.environ["AWS_PROFILE"] = "production"
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(params=[True, False], ids=["ports 443 and 53", "no such ports"])
def has_ports(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    found: bool = request.param
    monkeypatch.setattr(demo_network.simulator(), "are_standard_ports_free", lambda: found)
    return found


def test_reduced_by_choice_is_announced_with_what_it_cannot_show(
    has_ports: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    assert demo_network.must_be_reduced(asked=True)
    shown = capsys.readouterr().err
    assert "xks-probe: reduced: on loopback" in shown
    assert ("there is no\nxks-probe: simulated AWS account" in shown) is not has_ports


def test_the_full_network_has_an_account_and_the_reduced_one_if_it_has_the_ports(has_ports: bool) -> None:
    assert demo_network.has_account(is_reduced=False)
    assert demo_network.has_account(is_reduced=True) is has_ports


@pytest.mark.usefixtures("has_ports")
def test_without_the_extra_the_reduced_network_has_no_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_extra, "MODULES", {"moto": "no_such_module"})
    assert not demo_network.has_account(is_reduced=True)


@pytest.mark.usefixtures("has_ports")
def test_without_the_extra_the_reduced_network_names_what_to_install_for_the_account(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo_extra, "MODULES", {"moto": "no_such_module"})
    assert demo_network.must_be_reduced(asked=True)
    shown = capsys.readouterr().err
    assert (
        "moto is not installed (pip install 'xks-probe[demo]'), so there is no\nxks-probe: simulated AWS"
        in shown
    )
    assert "ports 443 and 53" not in shown


def test_without_namespaces_the_network_is_reduced_and_the_reason_is_given(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cannot = Capability(namespaces=False, why="the kernel refused", remedy="ask your administrator")
    monkeypatch.setattr(demo_network.simulator(), "capability", lambda: cannot)
    assert demo_network.must_be_reduced(asked=False)
    assert "the kernel refused. ask your administrator" in capsys.readouterr().err


def test_without_the_extra_the_full_network_is_refused_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(demo_extra, "MODULES", {"moto": "no_such_module"})
    with pytest.raises(UsageError, match=r"demo needs moto, which is not installed: pip install .*--reduced"):
        demo_network.must_be_reduced(asked=False)


@pytest.mark.loopback
@pytest.mark.usefixtures("own_environment")
def test_a_network_without_an_account_leaves_the_users_aws_settings_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(demo_network.simulator(), "are_standard_ports_free", lambda: False)
    with demo_network.started(load_scenario("healthy"), is_reduced=True) as network:
        assert not network.has_account
        assert network.settings().discovered == frozenset()
        assert network.vantage == "simulated VPC (reduced: loopback only)"
        assert network.settings().is_simulation
    assert os.environ["AWS_PROFILE"] == "production"


@pytest.mark.loopback
@pytest.mark.usefixtures("own_environment")
def test_with_an_account_only_the_simulated_one_is_called(
    accounts: AccountTemplate, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = with_account(load_scenario("healthy"))
    with start(whole, reduced=True, start_account=accounts.start) as simulation:
        of_user = dict(os.environ)
        with demo_network.account_in_use(simulation):
            network = Network(simulation=simulation, is_reduced=False)
            (sources,) = sources_of(network.settings())
            caller = sources.caller
            assert "AWS_PROFILE" not in os.environ
            assert caller is not None
            assert caller.endpoint_url == simulation.aws_environment()["AWS_ENDPOINT_URL"]
            assert network.resolvers == (simulation.address("dns-1"),)
            assert network.vantage == "simulated VPC"
        assert dict(os.environ) == of_user, "what runs after the demo calls the user's AWS"


@pytest.mark.loopback
def test_a_simulation_that_cannot_start_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise SimulationError("the servers process ended\nTraceback: …")

    monkeypatch.setattr(demo_network.simulator(), "start", fails)
    with (
        pytest.raises(UsageError, match=r"^demo: the simulation could not start: the servers process ended"),
        demo_network.started(load_scenario("healthy"), is_reduced=True),
    ):
        raise AssertionError("it must not start")
