import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.faults import Fault
from simulator.scenario.reader import MOST_HOSTS, read_records, read_scenario
from simulator.scenario.scenario import Delay, Record, Scenario, ScenarioError

BACKENDS = [{"name": "p-1", "zone": "a", "rtt": "4ms"}, {"name": "p-2", "zone": "b", "rtt": "5ms"}]


def mistakes(document: object) -> tuple[str, ...]:
    with pytest.raises(ScenarioError) as caught:
        read_scenario("mine", document)
    return caught.value.mistakes


def test_a_round_trip_is_halved_or_given_as_two_ways() -> None:
    halved = read_scenario("mine", {"regions": {"r": "35.6ms"}})
    apart = read_scenario("mine", {"regions": {"r": {"rtt": {"out": "5ms", "back": "30ms"}, "loss": 0.02}}})
    assert halved.regions[0].delay == Delay(out_s=0.0178, back_s=0.0178)
    assert apart.regions[0].delay == Delay(out_s=0.005, back_s=0.030, loss=0.02)


def test_a_node_forwards_to_its_zone_unless_told_otherwise() -> None:
    nodes = [
        {"name": "n-1", "zone": "a"},
        {"name": "n-2", "zone": "b", "cross_zone": True, "dead": True},
        {"name": "n-3", "zone": "a", "backends": ["p-2"], "rtt": "1ms"},
    ]
    scenario = read_scenario("mine", {"backends": BACKENDS, "nodes": nodes})
    assert [node.backends for node in scenario.nodes] == [("p-1",), ("p-1", "p-2"), ("p-2",)]
    assert [node.fault for node in scenario.nodes] == [Fault.ALIVE, Fault.DEAD, Fault.ALIVE]
    assert [node.delay is None for node in scenario.nodes] == [True, True, False]


def test_a_fault_falls_into_its_group_and_the_top_holds_for_backends_without_their_own() -> None:
    own = {"name": "p-3", "zone": "a", "rtt": "1ms", "fault": "aes-128-only"}
    scenario = read_scenario(
        "mine", {"fault": "refused", "certificate": "expired", "backends": [*BACKENDS, own]}
    )
    first, _, third = scenario.backends
    assert (first.fault, first.handshake, first.certificate) == (Fault.REFUSED, Fault.TLS_GOOD, Fault.EXPIRED)
    assert (third.fault, third.handshake) == (Fault.ALIVE, Fault.AES_128_ONLY)


def test_what_a_proxy_answers_is_a_group_of_its_own_beside_its_certificate() -> None:
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


def test_the_proxys_settings_are_read_with_their_mistakes() -> None:
    assert read_scenario("mine", {"proxy": {"clock_offset": "10m"}}).proxy.clock_offset_s == 600
    assert mistakes({"proxy": {"region": 1}}) == ("proxy.region: write a Region, such as eu-central-1",)


def test_a_record_may_be_known_to_some_servers_late_or_only_by_tcp() -> None:
    servers = [{"name": "dns-1"}, {"name": "dns-2"}]
    item = {"name": "X.example.com.", "type": "txt", "answers": ["a"], "servers": ["dns-2"]}
    document = {"name_servers": servers, "records": [{**item, "delay": "2s", "truncated": True}]}
    assert read_scenario("mine", document).records == (
        Record(
            name="x.example.com",
            record_type="TXT",
            answers=("a",),
            servers=("dns-2",),
            delay_s=2.0,
            is_truncated=True,
        ),
    )


@pytest.mark.parametrize(
    ("record", "path"),
    [
        ({"servers": ["ghost"]}, "servers"),
        ({"type": "A", "answers": ["example.com"]}, "answers"),
        ({"type": "NS", "answers": ["a..b"]}, "answers"),
        ({"type": "ODD"}, "answers"),
        ({"delay": "2"}, "delay"),
        ({"truncated": 1}, "truncated"),
    ],
)
def test_a_record_that_no_server_could_give_is_a_mistake(record: dict[str, object], path: str) -> None:
    scenario = read_scenario("mine", {})
    with pytest.raises(ScenarioError) as caught:
        read_records([{"name": "x.example.com", **record}], scenario)
    assert [line.partition(": ")[0] for line in caught.value.mistakes] == [f"records[0].{path}"]


def test_every_mistake_is_found_at_once_each_with_its_path() -> None:
    document = {
        "regoins": {},
        "regions": {"r": {"rtt": 9}, "s": {"rtt": "1ms", "fault": "tls-1.1-only"}},
        "nodes": [{"name": "n", "backends": ["ghost"], "dead": "yes"}],
        "backends": {"p": 1},
        "records": [{"name": "x", "ttl": -1, "rcode": "WRONG"}],
        "key_managers": [{"name": "r", "rtt": "1ms", "loss": 2, "address": "10.78.1.1"}],
    }
    found = mistakes(document)
    paths = {line.partition(": ")[0] for line in found}
    assert paths == {
        *("scenario.regoins", "regions.r.rtt", "regions.s.fault", "nodes[0].backends[0]", "nodes[0].dead"),
        *(
            "backends",
            "records[0].ttl",
            "records[0].rcode",
            "key_managers[0].loss",
            "key_managers[0].address",
        ),
        "key_managers",  # its name is a Region's
    }
    assert "regions.r.rtt: write a duration from 0ms to 60s with its unit, such as 35.6ms" in found


@pytest.mark.parametrize(
    ("duration", "is_fine"),
    [
        ("0ms", True),
        ("60s", True),
        ("60.1s", False),
        ("35", False),
        ("-1ms", False),
        ("1 ms", False),
        ("٣ms", False),
    ],
    ids=["none", "a minute", "over a minute", "no unit", "negative", "a space", "other digits"],
)
def test_durations(duration: str, is_fine: bool) -> None:  # a column of the table
    if is_fine:
        assert read_scenario("mine", {"regions": {"r": duration}}).regions
    else:
        assert mistakes({"regions": {"r": duration}})


@pytest.mark.parametrize(("count", "is_fine"), [(MOST_HOSTS, True), (MOST_HOSTS + 1, False)])
def test_a_kind_has_room_for_a_fixed_number_of_hosts(count: int, is_fine: bool) -> None:  # as above
    document = {"regions": {f"r-{index}": "1ms" for index in range(count)}}
    if is_fine:
        assert len(read_scenario("mine", document).regions) == count
    else:
        assert mistakes(document) == (f"regions: give at most {MOST_HOSTS}, not {count}",)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
KEYS = st.sampled_from(
    ["regions", "nodes", "backends", "key_managers", "name_servers", "records", "zones", "fault"]
)


@given(
    st.dictionaries(KEYS, JSON | st.lists(st.dictionaries(st.sampled_from(["name", "rtt", "zone"]), JSON)))
    | JSON
)
def test_any_document_is_a_scenario_or_a_list_of_mistakes(document: Any) -> None:
    with contextlib.suppress(ScenarioError):
        assert isinstance(read_scenario("mine", document), Scenario)
