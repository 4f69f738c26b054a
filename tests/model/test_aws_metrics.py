"""What AWS measured itself: unknown values are left out, and exceptions are a closed set."""

from probe.model.aws_metrics import OTHER_EXCEPTION, PROXY_EXCEPTIONS, LatencyStatistic, ProxyLatency


def test_only_known_statistics_of_the_latency_are_listed() -> None:
    latency = ProxyLatency(period_start_s=1.0, average_s=0.0, p99_s=0.2)
    assert latency.statistics == {LatencyStatistic.AVERAGE: 0.0, LatencyStatistic.P99: 0.2}


def test_the_exceptions_are_sorted_and_each_is_listed_once() -> None:
    assert list(PROXY_EXCEPTIONS) == sorted(set(PROXY_EXCEPTIONS))
    assert OTHER_EXCEPTION not in PROXY_EXCEPTIONS
