"""What the checks of a preflight report leave out, because the machine that runs the tests causes it."""

from collections.abc import Mapping
from typing import Any

import pytest
from support.network.wire_waits import NEAR, QUICK
from support.preflight.playing import OPERATIONS, Played

TIMED_OUT = "XKS_PROXY_TIMED_OUT"


def played(outcomes: Mapping[str, str], *, of: list[str], likelihood: str = "possible") -> Played:
    """A report with one outcome of the 250 ms per target, and one error on connect from the requirements ``of``."""
    verdicts = [{"requirement": QUICK, "subject": name, "outcome": each} for name, each in outcomes.items()]
    error = {
        "error": TIMED_OUT,
        "likelihood": likelihood,
        "masked_by": None,
        "requirements": of,
        "alternatives": [],
    }
    prediction: dict[str, Any] = {each: {"errors": []} for each in OPERATIONS}
    prediction["connect"]["errors"] = [error]
    return Played(status=1, report={"verdicts": verdicts, "prediction": prediction}, words="", wall_s=1.0)


@pytest.mark.parametrize(
    ("outcomes", "of", "likelihood", "is_left_out"),
    [
        ({"node a": "met", "node b": "met"}, [QUICK], "possible", True),
        ({"node a": "met", "node b": "unknown"}, [QUICK], "possible", True),
        ({"node a": "met", "node b": "violated"}, [QUICK], "possible", False),
        ({"node a": "met", "node b": "met"}, [NEAR, QUICK], "possible", False),
        ({"node a": "met", "node b": "met"}, [QUICK], "expected", False),
    ],
    ids=[
        "met everywhere",
        "unknown where a node does not answer",
        "violated at one node",
        "another requirement has the same error",
        "the error is certain",
    ],
)
def test_an_error_is_left_out_only_if_it_comes_from_a_few_slow_exchanges(
    outcomes: Mapping[str, str], of: list[str], likelihood: str, is_left_out: bool
) -> None:
    run = played(outcomes, of=of, likelihood=likelihood)
    assert (run.unmasked()["connect"] == set()) is is_left_out
    assert (run.named_errors() == set()) is is_left_out
