"""Conversion of rows to metric families."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.core import Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector, CollectorRegistry

from exporters.prometheus import definitions as d
from exporters.prometheus.families import LABEL_LIMIT, empty_family, family, histogram_family, label
from exporters.prometheus.histogram import Histogram


def exposed(*metrics: Metric) -> str:
    class FixedMetrics(Collector):
        def collect(self) -> tuple[Metric, ...]:
            return metrics

    registry = CollectorRegistry()
    registry.register(FixedMetrics())
    return generate_latest(registry).decode()


def test_the_value_of_an_info_is_always_1() -> None:
    assert 'xksprobe_build_info{version="1.0"} 1.0' in exposed(family(d.BUILD_INFO, {("1.0",): 7.0}))


def test_bounds_are_written_as_in_alert_rules() -> None:
    text = exposed(histogram_family(d.EVENT_LOOP_LAG, {(): Histogram()}))
    assert 'le="0.035"' in text
    assert 'le="0.25"' in text
    assert 'le="1.0"' in text
    assert 'le="+Inf"' in text
    assert "_created" not in text


@pytest.mark.parametrize("definition", d.DEFINITIONS, ids=lambda definition: definition.name)
def test_an_empty_family_has_help_and_no_sample(definition: d.Definition) -> None:
    lines = exposed(empty_family(definition)).splitlines()
    assert len(lines) == 2
    assert all(line.startswith("# ") for line in lines)


@given(st.text())
def test_any_text_makes_one_line_with_a_short_label(text: str) -> None:
    assert len(label(text)) <= LABEL_LIMIT
    lines = exposed(family(d.BUILD_INFO, {(label(text),): 1.0})).splitlines()
    assert len(lines) == 3
