"""GetMetricData of the simulated account: what the scenario says, found as CloudWatch finds it."""

import datetime as dt
from typing import Any

import pytest
from support.accounts.simulated import RESOURCES, SCENARIO, check_against_the_model, view

from probe.aws import cloudwatch
from simulator.aws.answers import LACKING
from simulator.aws.protocol import AwsError

END_S = 1_800_000_000.0
DAYS = {
    "metric": "XksProxyCertificateDaysToExpire",
    "dimensions": {"CertificateName": "proxy.example.com"},
    "value": 29.5,
}


def asked(*metrics: dict[str, Any], **section: Any) -> list[dict[str, Any]]:
    """The results of xks-probe's own queries about the store and the service of the scenario."""
    found = LACKING["GetMetricData"](
        view({"metrics": list(metrics), **section}),
        {
            "MetricDataQueries": cloudwatch.queries(SCENARIO.key_store, RESOURCES.service_id),
            "StartTime": END_S - 3600.0,
            "EndTime": END_S,
        },
    )
    check_against_the_model("GetMetricData", found)
    results: list[dict[str, Any]] = found["MetricDataResults"]
    return results


def test_by_default_there_is_no_data() -> None:
    found = asked()
    assert {each["Id"] for each in found} == {
        each["Id"] for each in cloudwatch.queries(None, RESOURCES.service_id)
    }
    assert all(each["Values"] == [] for each in found)


def test_a_search_finds_the_metrics_of_its_name_and_labels_them() -> None:
    (found,) = (each for each in asked(DAYS) if each["Id"] == "certificate_days")
    assert (found["Label"], found["Values"]) == ("proxy.example.com", [29.5])
    assert found["Timestamps"] == [dt.datetime.fromtimestamp(END_S - 300.0, dt.UTC)]


def test_values_of_several_periods_are_one_series_newest_first() -> None:
    older = {**DAYS, "value": 30.5, "periods_ago": 11}
    too_old = {**DAYS, "value": 31.5, "periods_ago": 12}
    (found,) = (each for each in asked(older, DAYS, too_old) if each["Id"] == "certificate_days")
    assert found["Values"] == [29.5, 30.5]


def test_a_period_has_one_sample() -> None:
    latency = {"metric": "XksProxyLatency", "dimensions": {"KmsOperation": "Decrypt"}, "value": 20}
    found = {each["Id"]: each for each in asked(latency)}
    assert (found["latency_average"]["Values"], found["latency_count"]["Values"]) == ([20.0], [1.0])
    assert found["latency_average"]["Label"] == "Decrypt "


def test_a_single_metric_of_the_endpoint_service_is_found() -> None:
    (found,) = (each for each in asked({"metric": "NewConnections", "value": 7}) if each["Values"])
    assert (found["Id"], found["Values"]) == ("new_connections", [7.0])


def test_without_a_key_store_or_in_another_region_there_are_no_metrics_of_it() -> None:
    assert not any(each["Values"] for each in asked(DAYS, key_stores=[]))
    elsewhere = LACKING["GetMetricData"](view({"metrics": [DAYS]}, elsewhere=True), {})
    assert elsewhere == {"MetricDataResults": []}


def test_an_expression_that_is_no_search_is_an_error() -> None:
    query = {"Id": "a", "Expression": "SUM(METRICS())"}
    with pytest.raises(AwsError, match="can't read the expression of a"):
        LACKING["GetMetricData"](view(), {"MetricDataQueries": [query], "StartTime": 0.0, "EndTime": 1.0})
