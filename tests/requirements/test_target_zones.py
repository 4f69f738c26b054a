"""Whether each zone's node can send to a healthy target: what cannot be judged, and why."""

from dataclasses import replace

import pytest
from support.accounts.changes import INSTANCES, forwarding
from support.accounts.healthy import DENIED, the_one, with_balancer, with_group

from probe.model.evidence import Evidence
from probe.model.verdicts import Outcome
from probe.requirements.target_zones import every_zone_has_a_healthy_target


@pytest.mark.parametrize(
    ("evidence", "words"),
    [
        (forwarding(), "no listener forwards port 443"),
        (with_balancer(zones=()), "AWS returned no zones"),
    ],
    ids=["no target group", "no zone"],
)
def test_without_target_groups_or_zones_nothing_is_judged(evidence: Evidence, words: str) -> None:
    found = the_one(every_zone_has_a_healthy_target, evidence)
    assert found.outcome is Outcome.UNKNOWN
    assert words in found.because


def test_a_failed_call_for_the_zone_of_a_target_is_the_reason() -> None:
    first, second = INSTANCES
    targets = (first, replace(second, unread=DENIED))
    found = the_one(every_zone_has_a_healthy_target, with_group(target_type="instance", targets=targets))
    assert found.outcome is Outcome.UNKNOWN
    assert DENIED.because in found.because
