"""What came instead of a TLS handshake: each kind has its own words, errors and fix."""

from typing import Any

import pytest
from support.evidence import NOTHING_AGREED, evidence, in_handshake, only, target, tls

from probe.model.measurements import Failure, Reason, TlsDetails
from probe.requirements.handshake_answer import tls_handshake_is_answered
from probe.requirements.no_handshake import Instead, what_came

REFUSED = in_handshake(Reason.PROTOCOL_ERROR)


def came(failure: Failure, **details: Any) -> Instead:
    seen = tls(target(), failure=failure, **{**NOTHING_AGREED, **details}).details
    assert isinstance(seen, TlsDetails)
    return what_came(failure, seen)


@pytest.mark.parametrize(
    ("failure", "details", "because", "connect", "fix"),
    [
        (in_handshake(Reason.TIMED_OUT), {}, "no complete answer", "XKS_PROXY_TIMED_OUT", "hangs"),
        (
            in_handshake(Reason.RESET),
            {},
            "cut it instead",
            "XKS_PROXY_INVALID_TLS_CONFIGURATION",
            "(1) The server expects a PROXY protocol header",
        ),
        (
            in_handshake(Reason.CLOSED),
            {},
            "cut it instead",
            "XKS_PROXY_INVALID_TLS_CONFIGURATION",
            "(4) A firewall",
        ),
        (
            REFUSED,
            {"not_tls": b"HTTP/1.1 400 Bad Request"},
            "plain HTTP",
            "XKS_PROXY_INVALID_TLS_CONFIGURATION",
            "Enable TLS",
        ),
        (
            REFUSED,
            {"not_tls": b"<html>"},
            "plain HTTP",
            "XKS_PROXY_INVALID_TLS_CONFIGURATION",
            "Enable TLS",
        ),
        (
            REFUSED,
            {"not_tls": b"SSH-2.0-x"},
            "not with TLS",
            "XKS_PROXY_INVALID_TLS_CONFIGURATION",
            "Another service",
        ),
        (
            REFUSED,
            {"alert": 112},
            "no certificate for this name",
            "XKS_PROXY_INVALID_TLS_CONFIGURATION",
            "Configure PRIVATE-DNS-NAME",
        ),
        (
            REFUSED,
            {"alert": 70},
            "no version from TLS 1.0",
            "XKS_PROXY_INVALID_TLS_CONFIGURATION",
            "Enable TLS 1.2",
        ),
        (
            REFUSED,
            {"alert": 40},
            "nothing of what was offered",
            "XKS_PROXY_INVALID_TLS_CONFIGURATION",
            "does not fit its cipher suites",
        ),
        (
            REFUSED,
            {"alert": 80},
            "an error of its own",
            "XKS_PROXY_INVALID_TLS_CONFIGURATION",
            "no usable certificate",
        ),
        (
            REFUSED,
            {"alert": 49},
            "refused the handshake",
            "XKS_PROXY_INVALID_TLS_CONFIGURATION",
            "reason of this alert",
        ),
        (
            in_handshake(Reason.UNREACHABLE),
            {},
            "path to the server failed",
            "XKS_PROXY_NOT_REACHABLE",
            "routes and firewalls",
        ),
        (REFUSED, {}, "not valid TLS", "XKS_PROXY_INVALID_TLS_CONFIGURATION", "update its TLS software"),
    ],
)
def test_each_thing_that_can_come_has_its_own_words_error_and_fix(
    failure: Failure, details: dict[str, Any], because: str, connect: str, fix: str
) -> None:
    found = came(failure, **details)
    assert because in found.because
    assert [error.error for error in found.errors if error.operation.value == "connect"] == [connect]
    assert fix in found.remedy.text


def test_only_silence_and_a_cut_may_be_for_lack_of_a_proxy_protocol_header() -> None:
    silent_or_cut = (Reason.TIMED_OUT, Reason.RESET, Reason.CLOSED)
    assert all(came(in_handshake(reason)).may_lack_header for reason in silent_or_cut)
    assert not came(REFUSED, not_tls=b"HTTP/").may_lack_header
    assert not came(REFUSED, alert=40).may_lack_header


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_of_a_failed_handshake_has_a_finding(reason: Reason) -> None:
    finding = only(
        tls_handshake_is_answered,
        evidence(tls(target(), failure=in_handshake(reason), **NOTHING_AGREED)),
    )
    assert (finding.remedy is None) is (reason in {Reason.NOT_PERMITTED, Reason.OVER_LIMIT})
