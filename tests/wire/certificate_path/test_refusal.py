"""The causes of a refusal."""

from itertools import permutations

from probe.wire.certificate_path.refusal import Cause, Refusal


def test_no_cause_can_be_taken_for_another_one_in_a_message() -> None:
    """The callbacks of one validator pass their cause in brackets, inside the text of an exception."""
    for one, other in permutations(Cause, 2):
        assert f"[{one}]" not in f"[{other}]"


def test_the_position_of_a_refused_certificate_may_be_unknown() -> None:
    assert Refusal(cause=Cause.OTHER, detail="x").position is None
