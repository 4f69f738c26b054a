"""The text of a target equals the output of prometheus_client, for any names and numbers."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.core import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from exporters.prometheus.target_families import target_families
from exporters.prometheus.target_series import TargetSeries
from exporters.prometheus.target_text import FAMILIES, pieces
from probe.model.measurements import Measurement, Phase, Reason
from probe.model.targets import Check, Method, PlannedCheck, Role, Target


class OneTarget(Collector):
    def __init__(self, series: TargetSeries, vantage: str) -> None:
        self._series, self._vantage = series, vantage

    def collect(self) -> Any:
        return target_families([self._series], self._vantage)


def library_output(series: TargetSeries, vantage: str) -> str:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(OneTarget(series, vantage))
    lines = generate_latest(registry).decode().splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("#"))


TARGETS = st.builds(
    Target,
    name=st.text(min_size=1, max_size=20),
    role=st.sampled_from(Role),
    host=st.sampled_from(["192.0.2.1", "a.example"]),
    port=st.just(443),
    zone=st.text(max_size=5),
    plans=st.lists(
        st.builds(
            PlannedCheck, check=st.sampled_from(Check), interval_s=st.floats(0.1, 1e4), timeout_s=st.just(1.0)
        ),
        unique_by=lambda plan: plan.check,
        max_size=3,
    ).map(tuple),
)


@given(
    TARGETS,
    st.lists(st.tuples(st.sampled_from(Method), st.floats(0, 1e3)), max_size=5),
    st.integers(0, 10**12),
    st.floats(0, 1e18),
    st.text(max_size=5),
)
def test_the_text_equals_the_output_of_prometheus_client_byte_for_byte(
    target: Target, rtts_s: list[tuple[Method, float]], count: int, at_s: float, vantage: str
) -> None:
    series = TargetSeries(target)
    for method, rtt_s in rtts_s:
        series.answered(method, series.ip("192.0.2.1"), rtt_s)
    series.packets_sent = series.retransmits = count
    series.ended(Check.ICMP, at_s, None)
    series.ended(Check.TCP, at_s, Reason.REFUSED)
    series.measured(
        Measurement(
            target=target,
            check=Check.TLS,
            started_at_s=at_s,
            phases_s={Phase.WAIT: rtts_s[0][1]} if rtts_s else {},
        )
    )

    assert "".join(pieces(series, vantage)) == library_output(series, vantage)
    assert len(pieces(series)) == len(FAMILIES)
