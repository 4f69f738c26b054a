"""Verdicts and predictions in JSON documents."""

from exporters.report import judged
from probe.model.verdicts import Operation, Prediction


def test_every_operation_is_listed_and_undecided_by_default() -> None:
    said = judged.predictions((Prediction(operation=Operation.CONNECT, decided=True),))
    assert set(said) == {"create", "update", "connect", "create_key"}
    assert said["connect"] == {"decided": True, "errors": []}
    assert said["create"] == {"decided": False, "errors": []}
