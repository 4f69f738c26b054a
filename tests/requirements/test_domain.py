"""The domain's requirements: each mistake with the verification record has its own words and remedy."""

from dataclasses import replace

import pytest
from accounts import ACCOUNT, AS_CONSUMER, DENIED, HOST, SERVICE, SPEC, looked_at, the_one

from probe.model.account import Verification
from probe.model.evidence import Evidence
from probe.model.facts import DomainFacts, RecordSeen, RecordState, View
from probe.model.store import PUBLIC_CONNECTIVITY
from probe.model.verdicts import Likelihood, Outcome
from probe.requirements.declare import Rule
from probe.requirements.domain import (
    private_dns_name_is_under_a_public_domain,
    verification_record_is_published,
)

MET, VIOLATED, UNKNOWN, NOT_APPLICABLE = (
    Outcome.MET,
    Outcome.VIOLATED,
    Outcome.UNKNOWN,
    Outcome.NOT_APPLICABLE,
)
NEAR, FAR = "_abc.xks.example.com", "_abc.example.com"
FACTS = DomainFacts(
    private_dns_name=HOST,
    registrable="example.com",
    names=(NEAR, FAR),
    expected_value="vpce:Value",
    is_public=True,
    public_zone="example.com",
)
PENDING = replace(
    ACCOUNT,
    service=replace(SERVICE, verification=Verification(state="pendingVerification", name="_abc", value="x")),
)


def seen(
    name: str, state: RecordState, view: View = View.PUBLIC, answers: tuple[str, ...] = ()
) -> RecordSeen:
    return RecordSeen(name=name, view=view, server="1.1.1.1", state=state, answers=answers)


def looked(*found: RecordSeen, **changes: object) -> Evidence:
    return looked_at(PENDING, domain=replace(FACTS, seen=found, **changes))


ABSENT = (seen(NEAR, RecordState.ABSENT), seen(FAR, RecordState.ABSENT))


@pytest.mark.parametrize(
    ("evidence", "outcome", "words"),
    [
        (looked(seen(NEAR, RecordState.PUBLISHED)), MET, "published at"),
        (looked(seen(NEAR, RecordState.ABSENT), seen(FAR, RecordState.PUBLISHED)), MET, "published at"),
        (
            looked(seen(FAR, RecordState.ABSENT), seen(FAR, RecordState.PUBLISHED, View.AUTHORITATIVE)),
            MET,
            "not yet at",
        ),
        (looked(*ABSENT), VIOLATED, "there is no record"),
        (looked(*ABSENT, seen("x", RecordState.NAME_DOUBLED)), VIOLATED, "the domain twice"),
        (looked(*ABSENT, seen(FAR, RecordState.LOWER_CASED)), VIOLATED, "different case"),
        (looked(*ABSENT, seen(FAR, RecordState.QUOTED_TWICE)), VIOLATED, "quotation marks"),
        (looked(*ABSENT, seen(FAR, RecordState.WRONG_VALUE, answers=("y",))), VIOLATED, 'another value "y"'),
        (looked(seen(NEAR, RecordState.SERVER_FAILURE)), VIOLATED, "name servers fail"),
        (
            looked(seen(NEAR, RecordState.SERVER_FAILURE), seen(FAR, RecordState.ABSENT)),
            VIOLATED,
            "name servers fail",
        ),
        (
            looked(seen(NEAR, RecordState.SERVER_FAILURE), seen(NEAR, RecordState.TIMED_OUT)),
            UNKNOWN,
            "server_failure",
        ),
        (looked(*ABSENT, seen(NEAR, RecordState.SERVER_FAILURE)), VIOLATED, "there is no record"),
        (
            looked(seen(NEAR, RecordState.TIMED_OUT), seen(FAR, RecordState.UNREACHABLE)),
            UNKNOWN,
            "did not answer",
        ),
        (looked(seen(NEAR, RecordState.ABSENT), seen(FAR, RecordState.TIMED_OUT)), UNKNOWN, "did not answer"),
        (looked(), UNKNOWN, "not queried"),
        (looked(expected_value=None), UNKNOWN, "AWS returned no name"),
        (looked_at(PENDING), UNKNOWN, "not queried"),
        (looked_at(replace(ACCOUNT, service=DENIED), domain=FACTS), UNKNOWN, "allow ec2:DescribeX"),
        (looked_at(replace(ACCOUNT, service=AS_CONSUMER), domain=FACTS), UNKNOWN, "444455556666"),
        (
            looked_at(spec=replace(SPEC, connectivity=PUBLIC_CONNECTIVITY), domain=FACTS),
            NOT_APPLICABLE,
            "public",
        ),
    ],
)
def test_the_record_is_judged_by_what_public_dns_says(
    evidence: Evidence, outcome: Outcome, words: str
) -> None:
    found = the_one(verification_record_is_published, evidence)
    assert found.outcome is outcome, found.because
    assert words in found.because


def test_the_remedy_names_the_record_and_its_value() -> None:
    found = the_one(verification_record_is_published, looked(*ABSENT))
    assert found.values["RECORD-NAME"] == NEAR
    assert found.values["RECORD-VALUE"] == "vpce:Value"
    assert found.kms_errors is None  # those declared: expected


def test_a_record_that_was_lost_refuses_at_times() -> None:
    lost = looked_at(ACCOUNT, domain=replace(FACTS, seen=ABSENT))
    found = the_one(verification_record_is_published, lost)
    assert found.outcome is VIOLATED
    assert {error.likelihood for error in found.kms_errors or ()} == {Likelihood.POSSIBLE}


@pytest.mark.parametrize(
    "declared", [private_dns_name_is_under_a_public_domain, verification_record_is_published]
)
def test_what_privatelink_has_found_in_public_dns_outranks_who_answers_here(declared: Rule) -> None:
    """A resolver in between says for the public ones that the domain is not there."""
    intercepted = replace(FACTS, is_public=False, public_zone=None, because="no name servers", seen=ABSENT)
    found = the_one(declared, looked_at(ACCOUNT, domain=intercepted))
    assert found.outcome is UNKNOWN
    assert "PrivateLink has verified the domain" in found.because


@pytest.mark.parametrize(("is_public", "outcome"), [(True, MET), (False, VIOLATED), (None, UNKNOWN)])
def test_a_domain_is_public_or_not(is_public: bool | None, outcome: Outcome) -> None:
    evidence = looked(is_public=is_public, because="so it is")
    assert the_one(private_dns_name_is_under_a_public_domain, evidence).outcome is outcome


def test_hostile_values_are_escaped() -> None:
    hostile = ("\x1b[31m[/red]<script>" + "x" * 70_000,)
    found = the_one(
        verification_record_is_published, looked(seen(FAR, RecordState.WRONG_VALUE, answers=hostile))
    )
    assert "\x1b" not in found.because
    assert len(found.because) < 600
