"""Metric names and bounds are a public interface."""

import re
from pathlib import Path

from exporters.prometheus import PrometheusSink, definitions
from exporters.prometheus.definitions import BOUNDS_S, DEFINITIONS, Definition, Kind
from exporters.prometheus.families import empty_family
from tools.check_tree import generated

ROOT = Path(__file__).resolve().parents[3]
CLASHING_LABELS = {"region", "az", "service", "env", "type", "quantile"}


def test_the_limits_of_aws_are_exact_bounds() -> None:
    assert 0.035 in BOUNDS_S
    assert 0.25 in BOUNDS_S
    assert list(BOUNDS_S) == sorted(set(BOUNDS_S))
    assert len(BOUNDS_S) == 24


def test_names_are_valid_unique_and_show_their_type() -> None:
    names = [definition.name for definition in DEFINITIONS]
    assert len(names) == len(set(names))
    for definition in DEFINITIONS:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", definition.name)
        assert definition.name.endswith("_total") == (definition.kind is Kind.COUNTER)
        assert definition.name.endswith("_info") == (definition.kind is Kind.INFO)
        assert definition.help.endswith(".")


def test_every_definition_is_listed_and_every_listed_metric_is_written() -> None:
    written = [family.name for family in PrometheusSink("1").collect()]
    for name, each in vars(definitions).items():
        if isinstance(each, Definition):
            assert each in DEFINITIONS, f"{name} ({each.name}) is not in DEFINITIONS"
            assert empty_family(each).name in written, (
                f"{name} ({each.name}): no family is written; compare target_families.TABLE"
            )


def test_no_label_clashes_with_labels_of_a_scrape() -> None:
    assert not CLASHING_LABELS & {label for definition in DEFINITIONS for label in definition.labels}


def test_the_generated_page_is_up_to_date() -> None:
    checked = generated(ROOT, "tools/metrics_page.py", "--check")
    assert checked.returncode == 0, checked.stderr
