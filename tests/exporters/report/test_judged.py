"""Verdicts and predictions in JSON documents."""

from exporters.report import judged
from probe.model.verdicts import Operation, Prediction


def test_every_operation_is_listed_and_undecided_by_default() -> None:
    document = judged.predictions((Prediction(operation=Operation.CONNECT, decided=True),))
    assert set(document) == {"create", "update", "connect", "create_key"}
    assert document["connect"] == {"decided": True, "errors": []}
    assert document["create"] == {"decided": False, "errors": []}
