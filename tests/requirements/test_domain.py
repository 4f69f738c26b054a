"""The requirements about the domain: each fault of the verification record has its own text."""

from dataclasses import replace
from typing import Any

import pytest
from support.accounts.healthy import ACCOUNT, AS_CONSUMER, DENIED, HOST, SERVICE, SPEC, looked_at, the_one

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
NEAR, FAR, OWN = "_abc.xks.example.com", "_abc.example.com", f"_abc.{HOST}"
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


def record(
    name: str, state: RecordState, view: View = View.PUBLIC, answers: tuple[str, ...] = ()
) -> RecordSeen:
    return RecordSeen(name=name, view=view, server="1.1.1.1", state=state, answers=answers)


def with_records(*found: RecordSeen, **changes: Any) -> Evidence:
    return looked_at(PENDING, domain=replace(FACTS, seen=found, **changes))


ABSENT = (record(NEAR, RecordState.ABSENT), record(FAR, RecordState.ABSENT))


@pytest.mark.parametrize(
    ("evidence", "outcome", "words"),
    [
        (with_records(record(NEAR, RecordState.PUBLISHED)), MET, "published at"),
        (
            with_records(record(NEAR, RecordState.ABSENT), record(FAR, RecordState.PUBLISHED)),
            MET,
            "published at",
        ),
        (
            with_records(
                record(FAR, RecordState.ABSENT), record(FAR, RecordState.PUBLISHED, View.AUTHORITATIVE)
            ),
            MET,
            "not yet at",
        ),
        (with_records(*ABSENT), VIOLATED, "there is no record"),
        (with_records(*ABSENT, record("x", RecordState.NAME_DOUBLED)), VIOLATED, "the domain twice"),
        (with_records(*ABSENT, record(FAR, RecordState.LOWER_CASED)), VIOLATED, "different case"),
        (with_records(*ABSENT, record(FAR, RecordState.QUOTED_TWICE)), VIOLATED, "quotation marks"),
        (with_records(*ABSENT, record(OWN, RecordState.PUBLISHED)), MET, "KMS's guide mentions only parents"),
        (
            with_records(*ABSENT, record(HOST, RecordState.PUBLISHED)),
            MET,
            "KMS's guide mentions only parents",
        ),
        (
            with_records(*ABSENT, record(FAR, RecordState.CNAME, answers=("_x.acm.example.",))),
            VIOLATED,
            'PrivateLink needs a TXT record: it leads to "_x.acm.example."',
        ),
        (
            with_records(*ABSENT, record(FAR, RecordState.WRONG_VALUE, answers=("y",))),
            VIOLATED,
            'another value "y"',
        ),
        (with_records(record(NEAR, RecordState.SERVER_FAILURE)), VIOLATED, "name servers fail"),
        (
            with_records(record(NEAR, RecordState.SERVER_FAILURE), record(FAR, RecordState.ABSENT)),
            VIOLATED,
            "name servers fail",
        ),
        (
            with_records(record(NEAR, RecordState.SERVER_FAILURE), record(NEAR, RecordState.TIMED_OUT)),
            UNKNOWN,
            "server_failure",
        ),
        (with_records(*ABSENT, record(NEAR, RecordState.SERVER_FAILURE)), VIOLATED, "there is no record"),
        (
            with_records(record(NEAR, RecordState.TIMED_OUT), record(FAR, RecordState.UNREACHABLE)),
            UNKNOWN,
            "did not answer",
        ),
        (
            with_records(record(NEAR, RecordState.ABSENT), record(FAR, RecordState.TIMED_OUT)),
            UNKNOWN,
            "did not answer",
        ),
        (with_records(), UNKNOWN, "not queried"),
        (with_records(expected_value=None), UNKNOWN, "AWS returned no name"),
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
def test_each_result_of_public_dns_leads_to_the_expected_outcome(
    evidence: Evidence, outcome: Outcome, words: str
) -> None:
    found = the_one(verification_record_is_published, evidence)
    assert found.outcome is outcome, found.because
    assert words in found.because


@pytest.mark.parametrize(
    ("host", "name", "is_mentioned"),
    [
        (HOST, NEAR, False),
        (HOST, OWN, True),
        (f"{HOST}.", OWN, True),
        (HOST.upper(), OWN, True),
        ("XKS.EXAMPLE.BOX", "_abc.xks.example.box", True),
        (HOST, f"_abc.not{HOST}", False),
    ],
    ids=["parent", "own", "dot at the end", "upper case", "upper-case X at the end", "another name"],
)
def test_only_a_record_under_the_private_dns_name_itself_is_not_in_kmss_guide(
    host: str, name: str, *, is_mentioned: bool
) -> None:
    found = the_one(
        verification_record_is_published,
        with_records(record(name, RecordState.PUBLISHED), private_dns_name=host),
    )
    where = f'published at "{name}" (public 1.1.1.1 published)'
    guide = "; KMS's guide mentions only parents of the private DNS name" if is_mentioned else ""
    assert (found.outcome, found.because) == (MET, f"{where}{guide}")


def test_the_remedy_names_the_record_and_its_value() -> None:
    found = the_one(verification_record_is_published, with_records(*ABSENT))
    assert found.values["RECORD-NAME"] == NEAR
    assert found.values["RECORD-VALUE"] == "vpce:Value"
    assert found.kms_errors is None  # the declared errors, which are expected


def test_a_lost_record_of_a_verified_domain_makes_the_errors_possible() -> None:
    lost = looked_at(ACCOUNT, domain=replace(FACTS, seen=ABSENT))
    found = the_one(verification_record_is_published, lost)
    assert found.outcome is VIOLATED
    assert {error.likelihood for error in found.kms_errors or ()} == {Likelihood.POSSIBLE}


@pytest.mark.parametrize(
    "declared", [private_dns_name_is_under_a_public_domain, verification_record_is_published]
)
def test_a_verified_domain_overrides_a_negative_dns_answer(declared: Rule) -> None:
    """Something on the path intercepts DNS queries and replies that the domain does not exist."""
    intercepted = replace(FACTS, is_public=False, public_zone=None, because="no name servers", seen=ABSENT)
    found = the_one(declared, looked_at(ACCOUNT, domain=intercepted))
    assert found.outcome is UNKNOWN
    assert "PrivateLink has verified the domain" in found.because


@pytest.mark.parametrize(("is_public", "outcome"), [(True, MET), (False, VIOLATED), (None, UNKNOWN)])
def test_the_domain_must_be_public(is_public: bool | None, outcome: Outcome) -> None:
    evidence = with_records(is_public=is_public, because="so it is")
    assert the_one(private_dns_name_is_under_a_public_domain, evidence).outcome is outcome


def test_hostile_values_are_escaped() -> None:
    hostile = ("\x1b[31m[/red]<script>" + "x" * 70_000,)
    found = the_one(
        verification_record_is_published, with_records(record(FAR, RecordState.WRONG_VALUE, answers=hostile))
    )
    assert "\x1b" not in found.because
    assert len(found.because) < 600


@pytest.mark.parametrize(
    "declared", [verification_record_is_published, private_dns_name_is_under_a_public_domain]
)
def test_without_an_account_the_domain_is_judged_by_public_dns(declared: Rule) -> None:
    seen = replace(with_records(record(NEAR, RecordState.PUBLISHED)), account=None)
    assert the_one(declared, seen).outcome is MET
    unseen = replace(with_records(*ABSENT, is_public=False, because="no name servers"), account=None)
    assert the_one(declared, unseen).outcome is VIOLATED


def test_a_service_that_cannot_be_seen_is_not_taken_for_verified() -> None:
    found = with_records(*ABSENT, is_public=False, because="no name servers")
    hidden = replace(found, account=replace(ACCOUNT, service=DENIED))
    assert the_one(private_dns_name_is_under_a_public_domain, hidden).outcome is VIOLATED


@pytest.mark.parametrize(("host", "parent"), [(HOST, "xks.example.com"), ("localhost", "localhost")])
def test_a_remedy_asks_for_the_domain_above_the_host(host: str, parent: str) -> None:
    seen = looked_at(
        PENDING,
        replace(SPEC, uri_endpoint=f"https://{host}"),
        domain=replace(FACTS, is_public=False, because="x"),
    )
    found = the_one(private_dns_name_is_under_a_public_domain, seen)
    assert found.values["PARENT-DOMAIN"] == parent


def test_a_host_that_is_not_given_is_reported_with_its_option() -> None:
    seen = looked_at(PENDING, replace(SPEC, uri_endpoint=None), domain=FACTS)
    found = the_one(private_dns_name_is_under_a_public_domain, seen)
    assert found.outcome is UNKNOWN
    assert "--uri-endpoint" in found.because
