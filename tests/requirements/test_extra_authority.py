"""A verdict that rests on a CA that the user trusts and KMS does not is marked, except in a simulation."""

import pytest
from support.evidence import evidence

from probe.model.verdicts import Outcome
from probe.requirements.extra_authority import extra_authority, met_with_extra_authority


@pytest.mark.parametrize(
    ("is_simulation", "words"),
    [(False, "which KMS does not trust"), (True, "only this simulation counts as trusted by KMS")],
)
def test_it_is_met_and_marked_and_named(*, is_simulation: bool, words: str) -> None:
    seen = evidence(is_simulation=is_simulation)
    finding = met_with_extra_authority("it leads to a CA", seen)
    assert (finding.outcome, finding.because) == (Outcome.MET, "it leads to a CA")
    assert finding.rests_on_extra_authority is not is_simulation
    assert words in extra_authority(seen)
