"""How a response is interpreted: the body of a complete one, the beginning of another one."""

import json

import pytest
from support.network.xks_proxy import HEALTHY

from probe.model.measurements import BodyForm, Failure, Phase, Reason
from probe.network.http import HttpResponse
from probe.probes.health_request import RequestKind, details_of

GOOD = json.dumps(HEALTHY).encode()
CUT = Failure(phase=Phase.RECEIVE, reason=Reason.CLOSED)
SILENT = Failure(phase=Phase.RECEIVE, reason=Reason.TIMED_OUT)
TOO_LARGE = Failure(phase=Phase.RECEIVE, reason=Reason.OVER_LIMIT)
GZIP, BROTLI = b"\x1f\x8b\x08", b"\x8b\x02\x80"
Headers = tuple[tuple[str, str], ...]


def form_of(
    body: bytes, failure: Failure | None, headers: Headers = (), status: int = 200
) -> BodyForm | None:
    answer = HttpResponse(status=status, headers=headers, body=body, failure=failure)
    details = details_of(answer, RequestKind.HEALTH, middle_s=0.0, sent_bytes=0)
    assert (details.fault is None) is (details.form in (None, BodyForm.JSON_OBJECT))
    return details.form


@pytest.mark.parametrize("failure", [CUT, SILENT, TOO_LARGE])
def test_only_the_beginning_of_an_incomplete_body_is_interpreted(failure: Failure) -> None:
    assert form_of(b"<html>", failure) is BodyForm.MARKUP
    assert form_of(GZIP, failure) is BodyForm.COMPRESSED
    assert form_of(BROTLI, failure, (("content-encoding", "br"),)) is BodyForm.COMPRESSED
    assert form_of(GOOD[:-1], failure) is None
    assert form_of(b"", failure) is None
    # The connection may also be cut after the last byte of the body.
    assert form_of(GOOD, failure) is None


def test_a_complete_body_is_interpreted() -> None:
    assert form_of(b"<html>", None) is BodyForm.MARKUP
    assert form_of(BROTLI, None, (("content-encoding", "br"),)) is BodyForm.COMPRESSED
    assert form_of(BROTLI, None) is BodyForm.OTHER
    assert form_of(GOOD, None) is BodyForm.JSON_OBJECT
    assert form_of(b"", None) is BodyForm.EMPTY


def test_nothing_is_interpreted_without_a_status() -> None:
    answer = HttpResponse(failure=CUT, not_http=b"<html>")
    details = details_of(answer, RequestKind.HEALTH, middle_s=0.0, sent_bytes=0)
    assert (details.form, details.fault, details.not_http) == (None, None, b"<html>")


@pytest.mark.parametrize(
    ("headers", "other"),
    [
        ((("content-type", "application/json"),), None),
        ((("content-type", "Application/JSON; charset=utf-8"),), None),
        ((("content-type", "application/json ;x"),), None),
        ((("content-type", "application/jsonp"),), "application/jsonp"),
        ((("content-type", "text/html; charset=utf-8"),), "text/html; charset=utf-8"),
        ((), ""),
    ],
)
def test_a_content_type_other_than_json_is_kept(headers: Headers, other: str | None) -> None:
    answer = HttpResponse(status=200, headers=headers, body=GOOD)
    assert details_of(answer, RequestKind.HEALTH, middle_s=0.0, sent_bytes=0).other_content_type == other


def test_without_a_response_there_is_no_content_type() -> None:
    details = details_of(HttpResponse(failure=CUT), RequestKind.HEALTH, middle_s=0.0, sent_bytes=0)
    assert details.other_content_type is None


def test_malformed_http_is_marked() -> None:
    for is_malformed in (True, False):
        answer = HttpResponse(failure=CUT, is_malformed=is_malformed)
        details = details_of(answer, RequestKind.HEALTH, middle_s=0.0, sent_bytes=0)
        assert details.is_malformed is is_malformed
