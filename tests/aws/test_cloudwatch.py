"""The call for metrics: its queries, its time range, and what botocore makes of it."""

import datetime as dt
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from support.accounts.collected import REGION, SERVICE_ID, STORE_ID, answer, deny, healthy

from probe.aws import cloudwatch
from probe.aws.audit import audit
from probe.aws.collected_answers import CollectedAnswers
from probe.model.account import Account, ApiErrorKind, Unavailable
from probe.model.aws_metrics import AwsMetrics
from probe.model.store import KeyStoreSpec

NOW_S = 1_800_000_123.0


def audited(document: dict[str, Any]) -> Account:
    spec = KeyStoreSpec(region=REGION, id=STORE_ID)
    return audit(CollectedAnswers(document), spec, taken_at_s=NOW_S, timeout_s=100.0)


def ids(store_id: str | None, service_id: str | None) -> set[str]:
    return {query["Id"] for query in cloudwatch.queries(store_id, service_id)}


def test_the_call_asks_for_the_complete_periods_of_the_last_hour() -> None:
    call = cloudwatch.call(STORE_ID, None, NOW_S)
    assert call is not None
    assert call[:2] == ("cloudwatch", "GetMetricData")
    end = dt.datetime.fromtimestamp(1_800_000_000.0, dt.UTC)
    assert (call[2]["StartTime"], call[2]["EndTime"]) == (end - dt.timedelta(hours=1), end)


def test_kmss_metrics_are_searched_because_their_dimensions_are_not_known_before() -> None:
    (days,) = (each for each in cloudwatch.queries(STORE_ID, None) if each["Id"] == "certificate_days")
    assert days["Expression"] == (
        'SEARCH(\'Namespace="AWS/KMS" MetricName="XksProxyCertificateDaysToExpire" '
        f"CustomKeyStoreId=\"{STORE_ID}\"', 'Minimum', 300)"
    )
    assert days["Label"] == "${PROP('Dim.CertificateName')}"


def test_a_store_and_a_service_are_asked_for_only_if_they_are_known() -> None:
    of_store, of_service = ids(STORE_ID, None), ids(None, SERVICE_ID)
    assert of_store
    assert of_service
    assert of_store | of_service == ids(STORE_ID, SERVICE_ID)
    assert not of_store & of_service
    assert cloudwatch.call(None, None, NOW_S) is None


@pytest.mark.parametrize("id_", ["", 'cks-1" OR "x', "cks-1'", "cks_1", "c" * 65, "cks-é"])
def test_an_id_that_would_change_the_search_is_not_asked_for(id_: str) -> None:
    assert cloudwatch.queries(id_, id_) == []


def test_the_longest_id_is_asked_for() -> None:
    assert ids("c" * 64, None)


def test_the_call_fits_botocores_model() -> None:
    call = cloudwatch.call(STORE_ID, SERVICE_ID, NOW_S)
    assert call is not None
    keys = dict.fromkeys(("aws_access_key_id", "aws_secret_access_key"), "none")
    client = boto3.client("cloudwatch", region_name="eu-west-1", **keys)
    with Stubber(client) as stub:
        stub.add_response("get_metric_data", {"MetricDataResults": []}, call[2])
        assert client.get_metric_data(**call[2])["MetricDataResults"] == []


def test_an_account_without_data_points_has_metrics_of_which_nothing_is_known() -> None:
    assert audited(healthy()).metrics == AwsMetrics()


def test_the_metrics_of_an_account_are_read() -> None:
    document = healthy()
    answer(document, "GetMetricData")["MetricDataResults"] = [
        {"Id": "endpoints", "Label": "x", "Timestamps": ["2026-11-24T11:55:00Z"], "Values": [1.0]}
    ]
    metrics = audited(document).metrics
    assert isinstance(metrics, AwsMetrics)
    assert metrics.connections is not None
    assert metrics.connections.endpoints == 1


def test_denied_metrics_are_unavailable_and_everything_else_is_read() -> None:
    account = audited(deny(healthy(), "GetMetricData"))
    assert isinstance(account.metrics, Unavailable)
    assert (
        account.metrics.because == "not allowed (AccessDenied): allow the IAM action cloudwatch:GetMetricData"
    )
    assert account.failed_calls == (account.metrics,)


def test_an_older_file_without_metrics_leaves_them_unknown() -> None:
    document = healthy()
    document["calls"] = [each for each in document["calls"] if each["operation"] != "GetMetricData"]
    metrics = audited(document).metrics
    assert isinstance(metrics, Unavailable)
    assert metrics.cause is ApiErrorKind.NOT_ASKED
