"""Parsing of CloudWatch's metrics: newest values, sums of an hour, and content that can't be read."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.aws import cloudwatch
from probe.model.account import ApiErrorKind, Unavailable
from probe.model.aws_metrics import (
    OTHER_EXCEPTION,
    PROXY_EXCEPTIONS,
    AwsMetrics,
    CertificateDays,
    KeyManagerStates,
    LatencyStatistic,
    ProxyLatency,
    ServiceConnections,
)
from probe.wire.aws_metrics import aws_metrics

FIRST_S, SECOND_S = 1_800_000_000.0, 1_800_000_300.0
DENIED = Unavailable(call="cloudwatch:GetMetricData", because="denied", cause=ApiErrorKind.ACCESS_DENIED)
IDS = [each["Id"] for each in cloudwatch.queries("cks-1", "vpce-svc-1")]


def series(id_: str, label: str, *values: float, from_s: float = FIRST_S) -> dict[str, Any]:
    """Values of consecutive periods, newest first, as CloudWatch returns them."""
    times = [dt.datetime.fromtimestamp(from_s + 300.0 * n, dt.UTC) for n in range(len(values))]
    return {"Id": id_, "Label": label, "Timestamps": times[::-1], "Values": list(values[::-1])}


def read(*results: object) -> AwsMetrics:
    found = aws_metrics({"MetricDataResults": list(results)})
    assert isinstance(found, AwsMetrics)
    return found


def test_without_data_nothing_is_known() -> None:
    assert read() == AwsMetrics()
    assert read(*(series(id_, "x") for id_ in IDS)) == AwsMetrics()


def test_a_failed_call_stays_unavailable_and_a_response_without_results_is_malformed() -> None:
    assert aws_metrics(DENIED) is DENIED
    found = aws_metrics({})
    assert isinstance(found, Unavailable)
    assert found.cause is ApiErrorKind.MALFORMED_RESPONSE


def test_the_latency_is_that_of_the_newest_period_in_seconds() -> None:
    latency = read(
        series("latency_average", "Decrypt Decrypt", 90.0, 20.0),
        series("latency_count", "Decrypt Decrypt", 5.0, 30.0),
        series("latency_maximum", "Decrypt Decrypt", 500.0, 200.0),
        series("latency_p99", "Decrypt Decrypt", 400.0, 100.0),
    ).latency
    assert latency == ProxyLatency(period_start_s=SECOND_S, average_s=0.02, maximum_s=0.2, p99_s=0.1)
    assert list(latency.statistics) == list(LatencyStatistic)


def test_the_average_of_all_operations_is_weighted_by_their_requests() -> None:
    latency = read(
        series("latency_average", "Decrypt Decrypt", 10.0),
        series("latency_count", "Decrypt Decrypt", 3.0),
        series("latency_average", "Encrypt Encrypt", 50.0),
        series("latency_count", "Encrypt Encrypt", 1.0),
        series("latency_maximum", "Decrypt Decrypt", 30.0),
        series("latency_maximum", "Encrypt Encrypt", 60.0),
    ).latency
    assert latency is not None
    assert (latency.average_s, latency.maximum_s, latency.p99_s) == (0.02, 0.06, None)
    assert LatencyStatistic.P99 not in latency.statistics


def test_an_operation_without_data_in_the_newest_period_does_not_count() -> None:
    latency = read(
        series("latency_maximum", "Decrypt Decrypt", 30.0, 30.0),
        series("latency_maximum", "Encrypt Encrypt", 240.0),
    ).latency
    assert latency is not None
    assert (latency.period_start_s, latency.maximum_s) == (SECOND_S, 0.03)


def test_an_average_without_the_number_of_requests_is_unknown() -> None:
    latency = read(series("latency_average", "Decrypt Decrypt", 10.0)).latency
    assert latency is not None
    assert latency.average_s is None


def test_errors_of_the_hour_are_added_over_all_operations() -> None:
    requests = read(
        series("errors", "None", 100.0, 200.0),
        series("errors", "ThrottlingException", 2.0),
        series("errors", "ThrottlingException", 1.0, 1.0),
        series("errors", "SomeNewException", 4.0),
    ).requests
    assert requests is not None
    assert (requests.period_start_s, requests.count) == (SECOND_S, 308)
    assert {name: count for name, count in requests.errors.items() if count} == {
        "ThrottlingException": 4,
        OTHER_EXCEPTION: 4,
    }
    assert set(requests.errors) == {*PROXY_EXCEPTIONS, OTHER_EXCEPTION}


def test_without_any_request_the_errors_are_unknown_and_not_zero() -> None:
    assert read(series("certificate_days", "proxy.example.com", 3.0)).requests is None


def test_the_certificates_days_have_their_common_name_and_time() -> None:
    assert read(series("certificate_days", "proxy.example.com", 30.0, 29.0)).certificates == (
        CertificateDays(period_start_s=SECOND_S, common_name="proxy.example.com", days=29.0),
    )


def test_the_states_of_key_managers_are_those_of_the_newest_period() -> None:
    found = read(
        series("key_managers", "Active", 2.0, 1.0), series("key_managers", "Unavailable", 1.0)
    ).key_managers
    assert found == KeyManagerStates(period_start_s=SECOND_S, active=1)


def test_connections_are_newest_values_and_sums_of_the_hour() -> None:
    found = read(
        series("active_connections", "x", 9.0, 7.0),
        series("endpoints", "x", 1.0),
        series("new_connections", "x", 10.0, 4.0),
        series("resets_sent", "x", 0.0),
    ).connections
    assert found == ServiceConnections(period_start_s=SECOND_S, active=7, endpoints=1, new=14, resets=0)


@pytest.mark.parametrize(
    "time",
    [
        dt.datetime.fromtimestamp(FIRST_S, dt.UTC),
        dt.datetime.fromtimestamp(FIRST_S, dt.UTC).replace(tzinfo=None),
        "2027-01-15T08:00:00+00:00",
        "2027-01-15T08:00:00Z",
        "2027-01-15 08:00:00+00:00",
        FIRST_S,
        int(FIRST_S),
    ],
    ids=str,
)
def test_a_time_from_boto3_or_from_a_file_is_read(time: object) -> None:
    one = {"Id": "certificate_days", "Label": "x", "Timestamps": [time], "Values": [3]}
    assert read(one).certificates == (CertificateDays(period_start_s=FIRST_S, common_name="x", days=3.0),)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0, 1e16, "3", True, None, [3.0], 10**400])
def test_a_value_that_is_not_a_plain_number_is_missing(value: object) -> None:
    one = {"Id": "certificate_days", "Label": "x", "Timestamps": [FIRST_S], "Values": [value]}
    assert read(one) == AwsMetrics()


@pytest.mark.parametrize(
    "time",
    [
        "yesterday",
        -1.0,
        float("nan"),
        1e12,
        True,
        None,
        dt.datetime(1, 1, 1, tzinfo=dt.UTC),
        "0001-01-01T00:00",
    ],
)
def test_a_value_without_a_readable_time_is_missing(time: object) -> None:
    one = {"Id": "certificate_days", "Label": "x", "Timestamps": [time], "Values": [3.0]}
    assert read(one) == AwsMetrics()


@pytest.mark.parametrize(
    "one",
    [
        {"Id": "certificate_days", "Label": "x", "Timestamps": [FIRST_S], "Values": []},
        {"Id": "certificate_days", "Label": "x", "Timestamps": "now", "Values": [3.0]},
        {"Id": "certificate_days", "Label": "x"},
        {"Id": "other", "Label": "x", "Timestamps": [FIRST_S], "Values": [3.0]},
        {"Id": 7, "Label": [], "Timestamps": [FIRST_S], "Values": [3.0]},
        "text",
        None,
    ],
)
def test_a_result_that_is_malformed_or_was_not_asked_for_is_left_out(one: object) -> None:
    assert read(one) == AwsMetrics()


def test_huge_lists_are_cut_and_a_token_for_more_is_ignored() -> None:
    many = {"Id": "errors", "Label": "None", "Timestamps": [FIRST_S] * 10**5, "Values": [1.0] * 10**5}
    certificates = [series("certificate_days", f"cn-{n}", 3.0) for n in range(10_000)]
    found = aws_metrics({"MetricDataResults": [many, *certificates], "NextToken": "x" * 10**6})
    assert isinstance(found, AwsMetrics)
    assert len(found.certificates) == 16


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10) | st.datetimes(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
_RESULT = st.fixed_dictionaries(
    {},
    optional={
        "Id": st.sampled_from(IDS) | _JSON,
        "Label": st.sampled_from(["None", "Active", "Decrypt Decrypt"]) | _JSON,
        "Timestamps": st.lists(st.sampled_from([FIRST_S, SECOND_S]) | _JSON, max_size=4) | _JSON,
        "Values": st.lists(st.floats() | _JSON, max_size=4) | _JSON,
    },
)


@given(st.fixed_dictionaries({"MetricDataResults": st.lists(_RESULT | _JSON, max_size=8) | _JSON}))
def test_any_content_is_parsed_without_an_exception(answer: dict[str, object]) -> None:
    hash(repr(aws_metrics(answer)))
