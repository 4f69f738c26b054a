import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.scenario.reader import read_scenario
from simulator.scenario.scenario import Scenario, ScenarioError

BACKENDS = [{"name": "p-1", "zone": "a", "rtt": "4ms"}, {"name": "p-2", "zone": "b", "rtt": "5ms"}]


def mistakes(document: object) -> tuple[str, ...]:
    with pytest.raises(ScenarioError) as caught:
        read_scenario("mine", document)
    return caught.value.mistakes


def test_the_errors_in_the_proxy_settings_are_reported() -> None:
    assert read_scenario("mine", {"proxy": {"clock_offset": "10m"}}).proxy.clock_offset_s == 600
    assert mistakes({"proxy": {"region": 1}}) == ("proxy.region: write a Region, such as eu-central-1",)


def test_all_errors_are_reported_at_once_with_their_paths() -> None:
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
def test_any_document_gives_a_scenario_or_a_list_of_errors(document: Any) -> None:
    with contextlib.suppress(ScenarioError):
        assert isinstance(read_scenario("mine", document), Scenario)
