"""The check of a server before a request is signed for it."""

from dataclasses import replace
from typing import Any

import pytest
from support.evidence import DAY_S, HOST, authorities_of, issue, sent, target, tls, trust_only

from probe.model.measurements import TlsDetails
from probe.model.targets import Role
from probe.signing.peer_check import accept_any_peer, unmet_requirement

NOW: Any = {"from_s": 0.0, "to_s": 4e9}
ROOT = issue("Root", ca=True, **NOW)
PROXY = target()


def handshake_with(*signers: Any) -> TlsDetails:
    details = tls(PROXY, sent(*signers)).details
    assert isinstance(details, TlsDetails)
    return details


@pytest.mark.parametrize(
    ("details", "unmet"),
    [
        (handshake_with(issue(HOST, by=ROOT, **NOW)), None),
        (handshake_with(issue("other.example.com", by=ROOT, **NOW)), "common-name-matches"),
        (handshake_with(issue(HOST, by=ROOT, from_s=0.0, to_s=30 * DAY_S)), "certificate-is-in-date"),
        (handshake_with(issue(HOST, **NOW)), "certificate-path-validates"),
        (handshake_with(), "common-name-matches"),
    ],
)
def test_the_first_unmet_requirement_of_a_server_is_returned(details: TlsDetails, unmet: str | None) -> None:
    assert unmet_requirement((ROOT.der,))(PROXY, details) == unmet


MIDDLE = issue("Middle", by=ROOT, ca=True, **NOW)
LEAF = issue(HOST, by=MIDDLE, **NOW)


@pytest.mark.parametrize(
    ("details", "unmet"),
    [
        (handshake_with(LEAF, ROOT, MIDDLE), None),
        (handshake_with(issue(HOST, by=ROOT, dns_names=(HOST, "other.example.com"), **NOW)), None),
        (
            handshake_with(issue(HOST, by=ROOT, dns_names=("other.example.com",), **NOW)),
            "subject-alternative-name-matches",
        ),
    ],
    ids=["wrong order", "among other names", "only names of other hosts"],
)
def test_the_order_does_not_forbid_signing_and_names_of_other_hosts_do(
    details: TlsDetails, unmet: str | None
) -> None:
    assert unmet_requirement((ROOT.der,))(PROXY, details) == unmet


def test_a_root_in_only_one_of_the_lists_does_not_forbid_signing(monkeypatch: pytest.MonkeyPatch) -> None:
    trust_only(monkeypatch, authorities_of(only_proposed=(ROOT,)))
    assert unmet_requirement(())(PROXY, handshake_with(LEAF, MIDDLE)) is None


def test_a_server_that_no_requirement_evaluates_is_rejected() -> None:
    details = handshake_with(issue(HOST, by=ROOT, **NOW))
    elsewhere = replace(PROXY, role=Role.REGION)  # KMS does not connect to it
    assert unmet_requirement((ROOT.der,))(PROXY, details) is None
    assert unmet_requirement((ROOT.der,))(elsewhere, details) is not None


def test_without_the_extra_authority_the_server_is_rejected() -> None:
    details = handshake_with(issue(HOST, by=ROOT, **NOW))
    assert unmet_requirement(())(PROXY, details) is not None
    assert accept_any_peer(PROXY, details) is None
