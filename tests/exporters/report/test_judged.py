"""Verdicts and predictions in JSON documents."""

from exporters.report import judged
from probe.model.verdicts import Operation, Prediction

NOTHING = {"unknown_requirements": [], "rests_on_extra_authority": False, "errors": []}


def test_every_operation_is_listed_and_undecided_by_default() -> None:
    document = judged.predictions((Prediction(operation=Operation.CONNECT, decided=True),))
    assert set(document) == {"create", "update", "connect", "create_key"}
    assert document["connect"] == {**NOTHING, "decided": True}
    assert document["create"] == {**NOTHING, "decided": False}
