"""AWS's responses with random changes cause no exception, no unjustified *met*, and no harmful text in a report."""

import copy
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.accounts.answer_strategy import BASES, PATHS, ChangedAccount, changed, changed_accounts
from support.accounts.collected import HOST, REGION, SERVICE_NAME, STORE_ID, call
from support.accounts.discovered_targets import targets_for
from support.accounts.oracle import met_is_possible
from support.evidence import NOW_S, issue, sent, tcp, tls
from support.fuzzing import share
from support.reports import output_safety

from exporters.report import html, junit, markdown
from exporters.report import preflight as shown
from probe.aws.audit import audit
from probe.aws.collected_answers import CollectedAnswers
from probe.aws.selection import spec_with_defaults
from probe.aws.thread_batch import ThreadBatch
from probe.commands.output import as_json, as_text
from probe.model.account import Account
from probe.model.evidence import Evidence
from probe.model.facts import DomainFacts, RecordSeen, RecordState, View
from probe.model.measurements import HealthDetails, KeyManagerStatus, Measurement, Phase
from probe.model.store import KeyStoreSpec
from probe.model.targets import Check, Target
from probe.model.verdicts import Operation, Outcome, Report, Scope, Trait
from probe.requirements import CATALOGUE
from probe.signing.credential import Credential
from probe.verdicts.judge import judge
from probe.wire.hostport import check_name


class Inline(ThreadBatch):
    """Makes one call after the other, because these tests are not about threads."""

    def run(self, calls: Sequence[Callable[[float], Any]], on_timeout: Sequence[Any]) -> list[Any]:
        assert len(calls) == len(on_timeout)
        return [call(self.remaining_s()) for call in calls]


CREDENTIAL = Credential("ABCDEFGHIJKLMNOPQRST", "a" * 43)
ROOT = issue("Root", ca=True)
CHAIN = sent(issue(HOST, by=ROOT, dns_names=(HOST,)))
_LEVELS = {each.id: each.published for each in CATALOGUE}
_DESTINATION = next(path for path in PATHS["existing"] if path[-1] == "DestinationCidrBlock")


def audited(name: str, document: dict[str, Any]) -> Account:
    store = "" if name == "new" else STORE_ID
    service = SERVICE_NAME if name == "new" else None
    caller = CollectedAnswers(document)
    return audit(
        caller,
        KeyStoreSpec(region=REGION, id=store, service_name=service),
        taken_at_s=NOW_S,
        timeout_s=30.0,
        batches=Inline,
    )


def requested_spec(name: str) -> KeyStoreSpec:
    about = {"id": STORE_ID} if name != "new" else {"name": "bank", "service_name": SERVICE_NAME}
    return KeyStoreSpec(
        region=REGION, region_has_kms=True, uri_path="/kms/xks/v1", data_centre=("192.168.0.0/16",), **about
    )


def measured(of: Target) -> list[Measurement]:
    """The target gives a correct response to every probe."""
    correct = HealthDetails(
        purpose="health",
        status=200,
        clock_offset_s=0.0,
        managers=(("a", KeyManagerStatus.ACTIVE), ("b", KeyManagerStatus.ACTIVE)),
    )
    others = [
        replace(correct, purpose="get", status=405),
        replace(correct, purpose="unsigned", status=401),
        replace(correct, purpose="large_body"),
        replace(
            correct,
            purpose="key_metadata",
            key_spec="AES_256",
            key_usage=("ENCRYPT", "DECRYPT"),
            key_status="ENABLED",
        ),
    ]
    health = [
        Measurement(
            target=of,
            check=Check.HEALTH_COLD,
            started_at_s=NOW_S,
            phases_s={Phase.CONNECT: 0.01},
            details=details,
        )
        for details in (*[correct] * 5, *others)
    ]
    return [tcp(of), tls(of, CHAIN), *health]


def evidence_of(name: str, document: dict[str, Any], *, is_measured: bool) -> Evidence:
    account = audited(name, document)
    spec = spec_with_defaults(requested_spec(name), account)
    targets = targets_for(spec, account)
    measurements = tuple(m for each in targets for m in measured(each)) if is_measured else ()
    store = account.key_store(spec.id)
    record = RecordSeen(
        name="_x.example.com", view=View.PUBLIC, server="192.0.2.1", state=RecordState.PUBLISHED
    )
    domain = DomainFacts(
        private_dns_name=HOST, registrable="example.com", names=("_x.example.com",), expected_value="v",
        is_public=True, public_zone="example.com", seen=(record,),
    )  # fmt: skip
    return Evidence(
        taken_at_s=NOW_S,
        targets=targets,
        latest=measurements,
        recent=measurements,
        extra_authorities=(ROOT.der,),
        is_simulation=True,  # so that they count as KMS's, and predictions are decided
        spec=replace(spec, key_id="k"),
        account=account,
        credential=CREDENTIAL.facts(store.access_key_id if store else None),
        domain=domain if is_measured else None,
        scopes=frozenset(Scope),
    )


def written(evidence: Evidence, report: Report, form: str) -> str:
    of = shown.Preflight(report=report, evidence=evidence, vantage="here", version="1")
    match form:
        case "text":
            return as_text(shown.render(of))
        case "json":
            return as_json(shown.document(of))
        case "markdown":
            return markdown.text(of)
        case "html":
            return html.text(of)
    return junit.text(report.verdicts, suite="preflight")


def check_report(report: Report, document: dict[str, Any]) -> None:
    """The properties that every report must have."""
    for verdict in report.verdicts:
        assert not verdict.because.startswith("bug in xks-probe"), verdict
        assert verdict.outcome in _LEVELS[verdict.requirement].outcomes, verdict
        # What a request shows outranks what AWS says of the setting.
        is_seen = (
            Trait.MET_IF_SEEN in verdict.traits and "requests through its nodes succeeded" in verdict.because
        )
        if verdict.outcome is Outcome.MET and not is_seen:
            assert met_is_possible(verdict.requirement, document), verdict
    for prediction in report.predictions:
        if prediction.decided and not prediction.errors:
            check_no_obstacle(report, prediction.operation)


def check_no_obstacle(report: Report, operation: Operation) -> None:
    """If no error is predicted for an operation, each requirement is met, or a successful measurement overrides it."""
    for verdict in report.verdicts:
        published = _LEVELS[verdict.requirement]
        if verdict.level == "required" and any(e.operation is operation for e in published.errors):
            is_met = verdict.outcome in (Outcome.MET, Outcome.NOT_APPLICABLE)
            assert is_met or "through its nodes succeeded" in verdict.because, (operation, verdict)


@pytest.mark.parametrize("name", ["existing", "new"])
def test_the_unchanged_account_is_decided_without_errors(name: str) -> None:
    """Otherwise the tests below would prove nothing."""
    evidence = evidence_of(name, copy.deepcopy(BASES[name]), is_measured=True)
    report = judge(evidence)
    check_report(report, BASES[name])
    wrong = [v for v in report.verdicts if v.outcome is not Outcome.MET and v.level == "required"]
    assert all(p.decided and not p.errors for p in report.predictions), (wrong, report.predictions)


@example(("existing", [(_DESTINATION, "put", True)]), False, "json")
@given(
    changed_accounts, st.booleans(), st.sampled_from(["json", "json", "markdown", "html", "junit", "text"])
)
@share(0.15)
def test_no_response_of_aws_causes_an_exception_or_a_false_met(
    changed_account: ChangedAccount, is_measured: bool, form: str
) -> None:
    name, document = changed_account[0], changed(*changed_account)
    evidence = evidence_of(name, document, is_measured=is_measured)
    report = judge(evidence)
    check_report(report, document)
    output_safety.CHECKS[form](written(evidence, report, form))


@given(changed_accounts)
@share(0.12)
def test_no_response_of_aws_gives_a_target_with_an_invalid_port_or_name(
    changed_account: ChangedAccount,
) -> None:
    name, document = changed_account[0], changed(*changed_account)
    account = audited(name, document)
    spec = spec_with_defaults(requested_spec(name), account)
    for target in targets_for(spec, account):
        assert 0 < target.port < 65536, target
        if target.server_name is not None:
            check_name(target.server_name)
        elif target.role != "key_manager":
            assert spec.host is None or not _is_name(spec.host)


def _is_name(text: str) -> bool:
    try:
        check_name(text)
    except ValueError:
        return False
    return True


@given(changed_accounts)
@share(0.01)
def test_a_changed_account_is_still_valid_json(change: tuple[str, dict[str, Any]]) -> None:
    """A file can contain every change: the JSON is the same after writing and reading it."""
    _, document = change
    assert json.dumps(json.loads(json.dumps(document))) == json.dumps(document)


def test_the_helper_finds_the_call() -> None:
    assert call(BASES["consumed"], "DescribeVpcEndpointServices")["answer"]["ServiceDetails"]
