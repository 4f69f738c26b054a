"""Each requirement about health: the proxy's response, the outcome, and the errors of KMS."""

from dataclasses import replace

import pytest
from support.accounts.healthy import the_one
from support.health_evidence import (
    BY_ID,
    CLOSED,
    MANAGERS,
    REFUSED,
    SILENT,
    A,
    B,
    cold,
    error,
    names,
    only_health,
    times,
    with_health,
)
from support.reports import findings_text

from probe.model.evidence import Evidence
from probe.model.measurements import (
    CHECK_TIMED_OUT,
    NO_CREDENTIAL,
    BodyForm,
    Failure,
    HealthDetails,
    KeyManagerStatus,
    Measurement,
    Phase,
    Reason,
)
from probe.model.verdicts import Likelihood, Operation, Outcome
from probe.requirements.kms_errors import health as health_errors
from probe.verdicts.judge import judge

MET, VIOLATED, UNKNOWN = Outcome.MET, Outcome.VIOLATED, Outcome.UNKNOWN
CASES: list[tuple[str, Outcome, Evidence]] = [
    ("credential-is-accepted", MET, with_health(cold())),
    ("credential-is-accepted", VIOLATED, error("AuthenticationFailedException", 401)),
    # KMS reads only the errorName: it cannot interpret a web server's 401.
    ("credential-is-accepted", UNKNOWN, with_health(cold(status=401, fault="without an errorName"))),
    ("credential-is-accepted", UNKNOWN, with_health(cold(fault="the body is no JSON"))),
    ("credential-is-accepted", UNKNOWN, error("AccessDeniedException", 403)),
    ("credential-is-accepted", UNKNOWN, error("ThrottlingException", 429)),
    ("credential-is-accepted", UNKNOWN, error("InternalException", 500)),
    ("credential-is-accepted", UNKNOWN, error("InvalidUriPathException", 404)),
    ("credential-is-accepted", UNKNOWN, with_health(cold(failure=SILENT))),
    ("credential-is-accepted", UNKNOWN, with_health(cold(withheld="common-name-matches", status=None))),
    ("credential-is-accepted", UNKNOWN, with_health(cold(withheld="no credential", status=None))),
    ("credential-is-accepted", UNKNOWN, with_health()),
    ("proxy-clock-is-right", MET, with_health(cold(clock_offset_s=300.0, status=401))),
    ("proxy-clock-is-right", VIOLATED, with_health(cold(clock_offset_s=301.0, status=401))),
    ("proxy-clock-is-right", VIOLATED, with_health(cold(clock_offset_s=-301.0, status=401))),
    ("proxy-clock-is-right", UNKNOWN, with_health(cold(clock_offset_s=None, status=401))),
    ("proxy-clock-is-right", MET, with_health(cold(clock_offset_s=None))),
    ("proxy-clock-is-right", MET, with_health(cold(clock_offset_s=9999.0))),
    ("uri-path-is-served", MET, with_health(cold())),
    ("uri-path-is-served", VIOLATED, error("InvalidUriPathException", 404)),
    ("uri-path-is-served", VIOLATED, with_health(cold(status=404, fault="the body is HTML or XML, no JSON"))),
    ("uri-path-is-served", UNKNOWN, error("AuthenticationFailedException", 401)),
    ("uri-path-is-served", UNKNOWN, error("NotFoundException", 404)),
    ("uri-path-is-served", UNKNOWN, error("DependencyTimeoutException", 503)),
    ("uri-path-is-served", UNKNOWN, with_health(cold(failure=CLOSED))),
    ("proxy-admits-kms", MET, with_health(cold())),
    ("proxy-admits-kms", VIOLATED, error("AccessDeniedException", 403)),
    ("proxy-admits-kms", UNKNOWN, error("AuthenticationFailedException", 401)),
    ("proxy-admits-kms", UNKNOWN, with_health(cold(status=403, fault="without an errorName"))),
    ("health-response-is-valid", MET, with_health(cold())),
    ("health-response-is-valid", VIOLATED, with_health(cold(fault="the body is no JSON"))),
    ("health-response-is-valid", VIOLATED, with_health(cold(status=401, fault="without an errorName"))),
    ("health-response-is-valid", VIOLATED, with_health(cold(failure=CLOSED))),
    ("health-response-is-valid", VIOLATED, error("InternalException", 500)),
    ("health-response-is-valid", VIOLATED, error("ThrottlingException", 429)),
    ("health-response-is-valid", VIOLATED, error("OddException", 418)),
    ("health-response-is-valid", UNKNOWN, error("AccessDeniedException", 403)),
    ("health-response-is-valid", UNKNOWN, with_health(cold(failure=SILENT))),
    ("health-response-is-valid", UNKNOWN, with_health(cold(failure=REFUSED))),
    ("health-answers-within-250-ms", MET, times(0.25, 0.25, 0.25, 0.25, 0.25)),
    ("health-answers-within-250-ms", VIOLATED, times(0.251, 0.251, 0.251, 0.251, 0.251)),
    ("health-answers-within-250-ms", MET, times(0.1, 0.1, 0.1, 0.9, 0.9)),
    ("health-answers-within-250-ms", VIOLATED, times(0.1, 0.1, 0.3, 0.9, 0.9)),
    ("health-answers-within-250-ms", UNKNOWN, times(0.1, 0.1, 0.1, 0.1)),
    ("health-answers-within-250-ms", VIOLATED, with_health(cold(failure=SILENT), cold(failure=SILENT))),
    (
        "health-answers-within-250-ms",
        UNKNOWN,
        with_health(cold(failure=SILENT), cold(), cold(failure=SILENT)),
    ),
    (
        "health-answers-within-250-ms",
        VIOLATED,
        with_health(cold(0.3), cold(failure=SILENT), *[cold(0.3)] * 3),
    ),
    (
        "health-answers-within-250-ms",
        VIOLATED,
        with_health(*[cold(failure=SILENT), cold(0.1)] * 2, cold(failure=SILENT)),
    ),
    ("health-answers-within-250-ms", MET, with_health(cold(failure=SILENT), *[cold(0.1)] * 4)),
    ("health-answers-within-250-ms", UNKNOWN, with_health(cold(failure=CLOSED), *[cold(0.1)] * 4)),
    ("key-manager-is-available", MET, with_health(cold(managers=(("a", KeyManagerStatus.DEGRADED),)))),
    (
        "key-manager-is-available",
        VIOLATED,
        with_health(cold(managers=(("a", KeyManagerStatus.UNAVAILABLE),) * 2)),
    ),
    (
        "key-manager-is-available",
        UNKNOWN,
        with_health(cold(status=503, error_name="DependencyTimeoutException")),
    ),
    ("two-key-managers", MET, with_health(cold())),
    ("two-key-managers", VIOLATED, with_health(cold(managers=MANAGERS[:1]))),
    (
        "two-key-managers",
        VIOLATED,
        with_health(cold(managers=(MANAGERS[0], ("b", KeyManagerStatus.UNAVAILABLE)))),
    ),
    ("two-key-managers", UNKNOWN, with_health(cold(status=500))),
]


@pytest.mark.parametrize(("id_", "outcome", "evidence"), CASES)
def test_each_response_of_the_proxy_leads_to_the_expected_outcome(
    id_: str, outcome: Outcome, evidence: Evidence
) -> None:
    found = the_one(BY_ID[id_], evidence)
    assert found.outcome is outcome, found.because
    assert found.subject == A.name


def test_every_declared_outcome_has_an_example() -> None:
    reached: dict[str, set[Outcome]] = {}
    for id_, outcome, _ in CASES:
        reached.setdefault(id_, set()).add(outcome)
    for id_, outcomes in reached.items():
        others = set(BY_ID[id_].published.outcomes) - outcomes
        # Not applicable are targets that only the nodes can reach: see tests/verdicts/test_observed.py.
        assert others <= {Outcome.NOT_APPLICABLE}, id_
        assert outcomes <= set(BY_ID[id_].published.outcomes), id_


TABLE = [
    (cold(status=401, error_name="AuthenticationFailedException"), "INVALID_CREDENTIALS", "XksProxyIncorrectAuthenticationCredentialException"),
    (cold(status=403, error_name="AccessDeniedException"), "XKS_PROXY_ACCESS_DENIED", "XksProxyInvalidResponseException"),
    (cold(status=404, error_name="InvalidUriPathException"), "XKS_PROXY_INVALID_CONFIGURATION", "XksProxyInvalidConfigurationException"),
    (cold(status=401, fault="no JSON"), "XKS_PROXY_INVALID_RESPONSE", "XksProxyInvalidResponseException"),
    (cold(status=403, fault="no JSON"), "XKS_PROXY_INVALID_RESPONSE", "XksProxyInvalidResponseException"),
    (cold(status=404, fault="no JSON"), "XKS_PROXY_INVALID_RESPONSE", "XksProxyInvalidResponseException"),
    (cold(status=405, fault="no JSON"), "XKS_PROXY_INVALID_RESPONSE", "XksProxyInvalidResponseException"),
    (cold(status=429, error_name="ThrottlingException"), "XKS_PROXY_TIMED_OUT", "XksProxyUriUnreachableException"),
    (cold(status=500, error_name="InternalException"), "XKS_PROXY_INVALID_RESPONSE", "XksProxyInvalidResponseException"),
    (cold(status=501, error_name="UnsupportedOperationException"), "XKS_PROXY_INVALID_RESPONSE", "XksProxyInvalidResponseException"),
    (cold(status=503, error_name="DependencyTimeoutException"), "XKS_PROXY_TIMED_OUT", "XksProxyUriUnreachableException"),
    (cold(status=200, fault="ekmFleetDetails: 11"), "XKS_PROXY_INVALID_RESPONSE", "XksProxyInvalidResponseException"),
    (cold(managers=(("a", KeyManagerStatus.UNAVAILABLE),)), "XKS_PROXY_NOT_REACHABLE", "XksProxyUriUnreachableException"),
    (cold(failure=CLOSED), "XKS_PROXY_INVALID_RESPONSE", "XksProxyUriUnreachableException"),
    (cold(failure=SILENT), "XKS_PROXY_TIMED_OUT", "XksProxyUriUnreachableException"),
    (cold(0.3), "XKS_PROXY_TIMED_OUT", "XksProxyUriUnreachableException"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("measured", "connect", "update"), TABLE, ids=[f"{t[1]}-{n}" for n, t in enumerate(TABLE)]
)
def test_each_fault_predicts_the_documented_errors_of_kms(
    measured: Measurement, connect: str, update: str
) -> None:
    report = judge(only_health(*[measured] * 5))
    assert connect in names(report, Operation.CONNECT)
    assert update in names(report, Operation.UPDATE)
    assert names(report, Operation.CREATE) == {}
    assert set(names(report, Operation.CREATE_KEY)) == {"CustomKeyStoreInvalidStateException"}


def test_a_p99_over_200_ms_makes_a_timeout_possible() -> None:
    for slowest_s, errors in ((0.2, 0), (0.201, 3)):
        found = the_one(BY_ID["health-answers-within-250-ms"], times(0.1, 0.1, 0.1, 0.1, slowest_s))
        assert found.outcome is MET
        assert len(found.kms_errors or ()) == errors
        assert {each.likelihood for each in found.kms_errors or ()} <= {Likelihood.POSSIBLE}


def test_a_fault_of_only_one_target_is_possible() -> None:
    bad = [cold(of=B, status=500, error_name="InternalException")] * 5
    good = [cold(of=A)] * 5
    assert names(judge(only_health(*good, *bad)), Operation.CONNECT) == {
        "XKS_PROXY_INVALID_RESPONSE": Likelihood.POSSIBLE
    }


def test_the_text_of_each_example_is_the_reviewed_one() -> None:
    findings_text.check("health", CASES)


@pytest.mark.parametrize(
    ("number", "slow", "p99"),
    [
        (100, 1, "100.0 ms"),
        (100, 2, "240.0 ms"),
        (101, 1, "100.0 ms"),
        (200, 2, "100.0 ms"),
        (200, 3, "240.0 ms"),
        (5, 1, "240.0 ms"),
    ],
)
def test_the_p99_is_the_shortest_time_within_which_99_percent_of_requests_are_answered(
    number: int, slow: int, p99: str
) -> None:
    found = the_one(BY_ID["health-answers-within-250-ms"], times(*[0.1] * (number - slow), *[0.24] * slow))
    assert "median 100.0 ms" in found.because
    assert f"p99 {p99}" in found.because


@pytest.mark.parametrize(
    "id_",
    [
        "credential-is-accepted",
        "uri-path-is-served",
        "proxy-admits-kms",
        "health-response-is-valid",
        "key-manager-is-available",
        "two-key-managers",
    ],
)
def test_the_latest_of_several_exchanges_decides(id_: str) -> None:
    failed = cold(status=500, error_name="InternalException", managers=())
    assert the_one(BY_ID[id_], with_health(failed, cold())).outcome is MET
    assert the_one(BY_ID[id_], with_health(cold(), failed)).outcome is not MET


def test_the_clock_is_read_from_the_latest_exchange() -> None:
    wrong, right = (cold(clock_offset_s=offset_s, status=401) for offset_s in (301.0, 0.0))
    assert the_one(BY_ID["proxy-clock-is-right"], with_health(wrong, right)).outcome is MET
    assert the_one(BY_ID["proxy-clock-is-right"], with_health(right, wrong)).outcome is VIOLATED


def test_what_is_unknown_for_one_faulty_response_is_told_once() -> None:
    seen = with_health(*[cold(status=503, fault="the body is HTML or XML, not JSON")] * 5)
    unknown = [
        v for v in judge(seen).verdicts if v.step is not None and v.outcome is UNKNOWN and v.step == "health"
    ]
    of_response = [v for v in unknown if "status 503" in v.because]
    assert [v.requirement for v in of_response if not v.told_by] == ["credential-is-accepted"]
    assert {v.told_by for v in of_response} == {(), ("credential-is-accepted",)}


def test_too_few_requests_are_not_told_by_the_faulty_response() -> None:
    seen = with_health(*[cold(status=503, fault="the body is HTML or XML, not JSON")] * 4)
    (verdict,) = (v for v in judge(seen).verdicts if v.requirement == "health-answers-within-250-ms")
    assert (verdict.outcome, verdict.told_by) == (UNKNOWN, ())


@pytest.mark.parametrize(
    ("measured", "because"),
    [
        ([], "no health request was sent"),
        (
            [cold(withheld=NO_CREDENTIAL)],
            "no signed request was sent, because no credential of the proxy was",
        ),
        ([cold(withheld=CHECK_TIMED_OUT)], f"no signed request was sent, because {CHECK_TIMED_OUT}"),
        ([cold(withheld="chain-ends")], "no signed request was sent, because chain-ends is not met"),
        ([cold(failure=REFUSED)], "no request could be sent (the TCP connection: refused)"),
    ],
    ids=["none", "no credential", "certificates not checked", "certificates not met", "refused"],
)
def test_why_no_request_was_sent_is_told_by_the_first_requirement_about_health(
    measured: list[Measurement], because: str
) -> None:
    found = the_one(BY_ID["key-manager-is-available"], with_health(*measured))
    assert (found.outcome, found.told_by) == (UNKNOWN, ("credential-is-accepted",))
    assert found.because.startswith(because)


def test_the_path_is_not_served_if_only_the_beginning_of_the_404_page_was_read() -> None:
    page = cold(status=404, form=BodyForm.MARKUP, fault="the body is HTML or XML, not JSON")
    cut = replace(page, failure=Failure(phase=Phase.RECEIVE, reason=Reason.CLOSED))
    found = the_one(BY_ID["uri-path-is-served"], with_health(cut))
    assert (found.outcome, found.kms_errors) == (VIOLATED, health_errors.INVALID_RESPONSE)
    assert "does not know the path" in found.because


@pytest.mark.parametrize("status", [200, 403, 404, 502])
def test_a_cut_response_without_a_known_beginning_says_nothing_about_the_path(status: int) -> None:
    cut = replace(cold(status=status), failure=Failure(phase=Phase.RECEIVE, reason=Reason.CLOSED))
    assert the_one(BY_ID["uri-path-is-served"], with_health(cut)).outcome is UNKNOWN


def test_without_a_response_nothing_is_said_about_its_date_header() -> None:
    found = the_one(BY_ID["proxy-clock-is-right"], with_health(cold(failure=CLOSED)))
    assert (found.outcome, found.because) == (UNKNOWN, "wait: closed by the peer")
    cut = replace(cold(status=200, clock_offset_s=301.0), failure=CLOSED)
    assert the_one(BY_ID["proxy-clock-is-right"], with_health(cut)).outcome is VIOLATED


@pytest.mark.parametrize(("status", "is_begun"), [(200, True), (None, False)])
def test_a_response_that_does_not_end_has_another_fix_than_one_that_does_not_come(
    status: int | None, *, is_begun: bool
) -> None:
    details = HealthDetails(purpose="health", status=status)
    late = replace(cold(failure=SILENT), details=details)
    for then in ([], [cold()]):
        found = the_one(BY_ID["health-answers-within-250-ms"], with_health(late, late, *then))
        assert found.outcome is VIOLATED
        assert (found.remedy is not None) is is_begun
        assert "no answer within the timeout" in found.because
        if found.remedy is not None:
            assert "Let the proxy end its response" in found.remedy.text
