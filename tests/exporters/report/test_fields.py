"""Parts of JSON documents: times, nulls, bounds."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.reports.examples import HOSTILE, NOW_S, certificate

from exporters.report import fields
from probe.model.measurements import CertificateUse, Failure, Phase, Reason
from probe.model.statistics import Summary
from probe.model.text import clean


def test_a_time_is_rfc_3339_in_utc() -> None:
    assert fields.time(NOW_S) == "2026-09-21T14:13:20.250000Z"


@pytest.mark.parametrize("unix_s", [None, 1e300, -1e300, math.nan, math.inf, 253_402_300_800.0])
def test_a_time_outside_the_calendar_is_null(unix_s: float | None) -> None:
    assert fields.time(unix_s) is None


@given(st.floats())
def test_any_time_is_null_or_in_the_same_format(unix_s: float) -> None:
    written = fields.time(unix_s)
    assert written is None or (len(written) == 27 and written.endswith("Z") and written[4] == "-")


def test_a_missing_duration_is_null_and_zero_is_zero() -> None:
    assert fields.seconds(None) is None
    assert fields.seconds(0.0) == 0.0


def test_untrusted_text_is_printable_and_cut() -> None:
    shown = fields.failure(Failure(phase=Phase.CONNECT, reason=Reason.RESET, detail=HOSTILE * 100))
    assert shown is not None
    detail = str(shown["detail"])
    assert detail.isprintable()
    assert len(detail) == fields.TEXT_LIMIT


def test_round_trips_are_an_object_even_without_samples() -> None:
    assert fields.rtt(Summary()) == {"min": None, "median": None, "p95": None, "p99": None}


def test_a_document_has_the_first_ten_certificates_of_a_chain() -> None:
    chain = [replace(certificate(days=1), position=n) for n in range(16)]
    assert [each["position"] for each in fields.certificates(chain)] == list(range(10))


def test_a_certificate_has_what_it_may_be_used_for() -> None:
    use = CertificateUse(
        extended_key_usage=("serverAuth",), permitted_names=("DNS:a",), critical_unknown=(HOSTILE,) * 999
    )
    shown = fields.certificate(replace(certificate(days=1), use=use))
    assert shown["extended_key_usage"] == ["serverAuth"]
    assert shown["name_constraints"] == {"permitted": ["DNS:a"], "excluded": []}
    assert shown["critical_unknown"] == [clean(HOSTILE, fields.TEXT_LIMIT)] * fields.MAX_NAMES
    assert fields.certificate(certificate(days=1))["name_constraints"] is None


def test_a_certificate_has_its_dates_and_names() -> None:
    shown = fields.certificate(certificate(days=1))
    assert shown["not_after"] == "2026-09-22T14:13:20.250000Z"
    assert shown["subject_common_name"] == "myproxy-private.xks.example.com"
