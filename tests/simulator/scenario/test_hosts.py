import pytest

from simulator.faults import Fault
from simulator.scenario.fields import MAX_ITEMS
from simulator.scenario.reader import read_scenario
from simulator.scenario.scenario import Delay, ScenarioError

BACKENDS = [{"name": "p-1", "zone": "a", "rtt": "4ms"}, {"name": "p-2", "zone": "b", "rtt": "5ms"}]


def mistakes(document: object) -> tuple[str, ...]:
    with pytest.raises(ScenarioError) as caught:
        read_scenario("mine", document)
    return caught.value.mistakes


def test_a_round_trip_is_halved_or_given_per_direction() -> None:
    halved = read_scenario("mine", {"regions": {"r": "35.6ms"}})
    separate = read_scenario(
        "mine", {"regions": {"r": {"rtt": {"out": "5ms", "back": "30ms"}, "loss": 0.02}}}
    )
    assert halved.regions[0].delay == Delay(out_s=0.0178, back_s=0.0178)
    assert separate.regions[0].delay == Delay(out_s=0.005, back_s=0.030, loss=0.02)


def test_a_node_forwards_to_its_zone_by_default() -> None:
    nodes = [
        {"name": "n-1", "zone": "a"},
        {"name": "n-2", "zone": "b", "cross_zone": True, "dead": True},
        {"name": "n-3", "zone": "a", "backends": ["p-2"], "rtt": "1ms"},
    ]
    scenario = read_scenario("mine", {"backends": BACKENDS, "nodes": nodes})
    assert [node.backends for node in scenario.nodes] == [("p-1",), ("p-1", "p-2"), ("p-2",)]
    assert [node.fault for node in scenario.nodes] == [Fault.ALIVE, Fault.DEAD, Fault.ALIVE]
    assert [node.delay is None for node in scenario.nodes] == [True, True, False]


def test_a_fault_belongs_to_its_group_and_top_level_faults_are_defaults() -> None:
    own = {"name": "p-3", "zone": "a", "rtt": "1ms", "fault": "aes-128-only"}
    scenario = read_scenario(
        "mine", {"fault": "refused", "certificate": "expired", "backends": [*BACKENDS, own]}
    )
    first, _, third = scenario.backends
    assert (first.fault, first.handshake, first.certificate) == (Fault.REFUSED, Fault.TLS_GOOD, Fault.EXPIRED)
    assert (third.fault, third.handshake) == (Fault.ALIVE, Fault.AES_128_ONLY)


def test_response_faults_and_certificate_faults_are_separate_groups() -> None:
    own = {"name": "p-3", "zone": "a", "rtt": "1ms", "fault": "throttling", "certificate": "good"}
    scenario = read_scenario(
        "mine", {"answer": "degraded", "certificate": "expired", "backends": [*BACKENDS, own]}
    )
    first, _, third = scenario.backends
    assert (first.fault, first.certificate, first.answer) == (Fault.ALIVE, Fault.EXPIRED, Fault.DEGRADED)
    assert (third.fault, third.certificate, third.answer) == (Fault.ALIVE, Fault.GOOD, Fault.THROTTLING)
    assert mistakes({"answer": "expired", "backends": BACKENDS[:1]})[0].startswith(
        "backends[0].answer: write"
    )


@pytest.mark.parametrize(("count", "is_valid"), [(MAX_ITEMS, True), (MAX_ITEMS + 1, False)])
def test_a_kind_has_a_maximum_number_of_hosts(count: int, is_valid: bool) -> None:
    document = {"regions": {f"r-{index}": "1ms" for index in range(count)}}
    if is_valid:
        assert len(read_scenario("mine", document).regions) == count
    else:
        assert mistakes(document) == (f"regions: give at most {MAX_ITEMS}, not {count}",)


@pytest.mark.parametrize(
    ("document", "mistake"),
    [
        (
            {"regions": {"a": "1ms"}, "key_managers": [{"name": "a", "rtt": "1ms"}]},
            "key_managers: 'a' is used twice",
        ),
        (
            {
                "name_servers": [
                    {"name": "a", "address": "10.78.128.1"},
                    {"name": "b", "address": "10.78.128.1"},
                ]
            },
            "name_servers: '10.78.128.1' is used twice",
        ),
    ],
    ids=["a name, used by another kind", "an address"],
)
def test_names_and_addresses_are_unique_among_all_kinds(document: object, mistake: str) -> None:
    assert mistakes(document) == (mistake,)


@pytest.mark.parametrize(
    ("address", "is_valid"),
    [
        ("10.78.127.255", False),
        ("10.78.128.0", True),
        ("10.78.255.255", True),
        ("10.79.0.0", False),
        ("x", False),
    ],
)
def test_a_configured_address_is_outside_the_assigned_range(address: str, is_valid: bool) -> None:
    document = {"key_managers": [{"name": "h", "address": address}]}
    if is_valid:
        assert read_scenario("mine", document).key_managers[0].address == address
    else:
        wanted = "write an address in 10.78.128.0/17, or leave it out"
        assert mistakes(document) == (f"key_managers[0].address: {wanted}",)
