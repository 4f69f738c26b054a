"""Metrics in a scenario's account: read as written, and each mistake is named."""

import pytest

from simulator.scenario.aws_metrics import Datapoint, read_metrics
from simulator.scenario.fields import Fields


def read(value: object) -> tuple[tuple[Datapoint, ...], list[str]]:
    fields = Fields()
    return read_metrics("metrics", value, fields), fields.mistakes


def test_a_datapoint_is_read() -> None:
    given = {
        "metric": "XksProxyErrors",
        "dimensions": {"ExceptionName": "None"},
        "value": 3,
        "periods_ago": 2,
    }
    wanted = Datapoint(
        metric="XksProxyErrors", dimensions={"ExceptionName": "None"}, value=3.0, periods_ago=2
    )
    assert read([given]) == ((wanted,), [])


def test_dimensions_and_age_may_be_left_out() -> None:
    assert read([{"metric": "NewConnections", "value": 0}]) == (
        (Datapoint(metric="NewConnections", value=0.0),),
        [],
    )


@pytest.mark.parametrize(
    ("change", "mistake"),
    [
        ({"metric": "Odd"}, "metrics[0].metric: write one of: XksExternalKeyManagerStates, "),
        ({"value": "3"}, "metrics[0].value: write a number"),
        ({"value": True}, "metrics[0].value: write a number"),
        ({"value": float("nan")}, "metrics[0].value: write a number"),
        ({"periods_ago": -1}, "metrics[0].periods_ago: write a whole number from 0 to 1000"),
        ({"periods_ago": 1001}, "metrics[0].periods_ago: write a whole number from 0 to 1000"),
        ({"periods_ago": True}, "metrics[0].periods_ago: write a whole number from 0 to 1000"),
        ({"dimensions": {"A": 1}}, "metrics[0].dimensions.A: write a string"),
        ({"age": 1}, "metrics[0].age: unknown key"),
    ],
)
def test_a_mistake_is_named_with_its_path(change: dict[str, object], mistake: str) -> None:
    _, mistakes = read([{"metric": "NewConnections", "value": 0, **change}])
    assert len(mistakes) == 1
    assert mistakes[0].startswith(mistake)
