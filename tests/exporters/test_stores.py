"""Which reports are kept when targets change."""

import pytest
from support.reports.exporter_inputs import report, target

from exporters.stores import Reports
from probe.model.targets import Role, Target


def kept(*targets: Target, reported: tuple[str, ...] = ("cks-1", "cks-2", "")) -> list[str]:
    reports = Reports()
    for key_store in reported:
        reports.on_report(report(key_store=key_store))
    reports.on_targets(targets)
    return [each.key_store for each in reports.newest]


def test_the_report_of_a_store_without_targets_is_dropped() -> None:
    assert kept(target(), reported=("cks-1", "cks-2")) == ["cks-1"]


@pytest.mark.parametrize(
    ("targets", "unnamed_is_kept"),
    [
        ((), True),
        ((target(key_store=""),), True),
        ((target(), target("other", key_store="")), True),
        ((target(),), False),
        ((target(), target("far", role=Role.REGION, key_store="")), False),
    ],
    ids=["no target", "unnamed store", "unnamed and named store", "named store", "named store and a Region"],
)  # fmt: skip
def test_the_unnamed_report_is_dropped_only_if_every_target_has_a_named_store(
    targets: tuple[Target, ...], unnamed_is_kept: bool
) -> None:
    assert ("" in kept(*targets)) is unnamed_is_kept


def test_a_new_report_replaces_the_previous_one_in_the_same_position() -> None:
    reports = Reports()
    for key_store, at_s in (("cks-1", 1.0), ("cks-2", 1.0), ("cks-1", 2.0)):
        reports.on_report(report(key_store=key_store, taken_at_s=at_s))
    assert [(each.key_store, each.taken_at_s) for each in reports.newest] == [("cks-1", 2.0), ("cks-2", 1.0)]
