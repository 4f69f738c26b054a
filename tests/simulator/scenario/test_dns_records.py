"""A scenario's DNS records: everything that a zone file can contain."""

import pytest

from simulator.scenario.dns_records import fault_of
from simulator.scenario.reader import read_records, read_scenario
from simulator.scenario.scenario import Record, ScenarioError


@pytest.mark.parametrize(
    ("record_type", "answers", "is_valid"),
    [
        ("A", ("10.0.0.1",), True),
        ("A", ("10.0.0.256",), False),
        ("NS", ("ns.example.com",), True),
        ("MX", ("10 mail.example.com",), True),
        ("MX", ("mail.example.com",), False),
        ("TXT", ('"; any \\ text', "x" * 600), True),
        ("ODD", (), False),
    ],
)
def test_an_invalid_record_is_rejected_with_advice(
    record_type: str, answers: tuple[str, ...], is_valid: bool
) -> None:
    fault = fault_of(Record(name="x", record_type=record_type, answers=answers))
    advice = f"write answers in zone file format for type {record_type}"
    assert fault == (None if is_valid else advice)


def mistakes(document: object) -> tuple[str, ...]:
    with pytest.raises(ScenarioError) as caught:
        read_scenario("mine", document)
    return caught.value.mistakes


def test_a_record_can_be_limited_to_servers_delayed_or_truncated() -> None:
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
def test_a_record_that_cannot_be_encoded_is_an_error(record: dict[str, object], path: str) -> None:
    scenario = read_scenario("mine", {})
    with pytest.raises(ScenarioError) as caught:
        read_records([{"name": "x.example.com", **record}], scenario)
    assert [line.partition(": ")[0] for line in caught.value.mistakes] == [f"records[0].{path}"]
