"""AWS's answers with anything anywhere: no exception, no *met* that the answers don't bear out, no harm in a report."""

import copy
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import harmless
import pytest
from account_truth import met_may_hold
from collected import GROUP, HOST, REGION, SERVICE_NAME, STORE_ID, answer, call, healthy
from fuzzing import hostile, share
from hypothesis import example, given
from hypothesis import strategies as st
from judging import NOW_S, issue, sent, tcp, tls

from exporters.report import html, junit, markdown
from exporters.report import preflight as shown
from probe import discovery
from probe.audit import audit
from probe.aws.recorded import Recorded
from probe.aws.together import Together
from probe.commands.output import as_json, as_text
from probe.credential import Credential
from probe.model.account import Account
from probe.model.measurements import HealthDetails, Manager, Measurement, Phase
from probe.model.preflight import DomainFacts, Proposal, RecordSeen, RecordState, View
from probe.model.targets import Check, Target
from probe.model.verdicts import Evidence, Operation, Outcome, Report
from probe.preflight import plans
from probe.requirements import CATALOGUE
from probe.verdicts import judge
from probe.wire.hostport import check_name


class Inline(Together):
    """One call after the other: threads are not what is looked at here."""

    def run(self, calls: Sequence[Callable[[float], Any]], late: Sequence[Any]) -> list[Any]:
        assert len(calls) == len(late)
        return [call(self.remaining_s()) for call in calls]


@pytest.fixture(autouse=True)
def _without_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("probe.audit.Together", Inline)


CREDENTIAL = Credential("ABCDEFGHIJKLMNOPQRST", "a" * 43)
ROOT = issue("Root", ca=True)
CHAIN = sent(issue(HOST, by=ROOT, dns_names=(HOST,)))
_LEVELS = {each.id: each.published for each in CATALOGUE}


def _other_store() -> dict[str, Any]:
    there = {"Connectivity": "VPC_ENDPOINT_SERVICE", "UriEndpoint": "https://other.example.com"}
    there |= {"UriPath": "/kms/xks/v1", "VpcEndpointServiceName": f"{SERVICE_NAME}f"}
    kind = {"CustomKeyStoreType": "EXTERNAL_KEY_STORE", "ConnectionState": "DISCONNECTED"}
    return {
        "CustomKeyStoreId": "cks-2",
        "CustomKeyStoreName": "other",
        **kind,
        "XksProxyConfiguration": there,
    }


def existing() -> dict[str, Any]:
    document = healthy()
    answer(document, "DescribeCustomKeyStores")["CustomKeyStores"].append(_other_store())
    return document


def guarded() -> dict[str, Any]:
    """A store to be made, behind a load balancer with a security group and a route table for each subnet."""
    document = healthy()
    answer(document, "DescribeCustomKeyStores")["CustomKeyStores"] = [_other_store()]
    answer(document, "DescribeVpcEndpointConnections")["VpcEndpointConnections"] = []
    answer(document, "DescribeLoadBalancers")["LoadBalancers"][0]["SecurityGroups"] = ["sg-1"]
    rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    groups = {"SecurityGroups": [{"GroupId": "sg-1", "IpPermissions": [rule]}]}
    asked = {"service": "ec2", "operation": "DescribeSecurityGroups", "parameters": {"GroupIds": ["sg-1"]}}
    document["calls"].append({**asked, "answer": groups})
    (table,) = answer(document, "DescribeRouteTables")["RouteTables"]
    answer(document, "DescribeRouteTables")["RouteTables"] = [
        {**table, "RouteTableId": f"rtb-{n}", "Associations": [{"SubnetId": f"subnet-{n}"}]} for n in (1, 2)
    ]
    return document


def consumed() -> dict[str, Any]:
    """The service belongs to another account."""
    document = existing()
    own = answer(document, "DescribeVpcEndpointServiceConfigurations")
    (service,) = own["ServiceConfigurations"]
    own["ServiceConfigurations"] = []
    kept = (
        "ServiceId",
        "ServiceName",
        "ServiceType",
        "AvailabilityZones",
        "AcceptanceRequired",
        "PrivateDnsName",
    )
    seen = {key: service[key] for key in kept} | {
        "Owner": "444455556666",
        "SupportedIpAddressTypes": ["ipv4"],
    }
    seen["PrivateDnsNameVerificationState"] = "verified"
    asked = {"service": "ec2", "operation": "DescribeVpcEndpointServices"}
    asked |= {"parameters": {"ServiceNames": [SERVICE_NAME]}}
    document["calls"].append({**asked, "answer": {"ServiceDetails": [seen]}})
    return document


BASES = {"existing": existing(), "new": guarded(), "consumed": consumed()}
Path = tuple[Any, ...]


def _paths(value: object, path: Path = ()) -> list[Path]:
    inner: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [path, *(found for key, each in inner for found in _paths(each, (*path, key)))]


PATHS = {
    name: [
        ("calls", n, "answer", *path)
        for n, each in enumerate(base["calls"])
        for path in _paths(each["answer"])
    ]
    for name, base in BASES.items()
}
_NEAR = st.sampled_from(
    [None, True, False, 0, 1, -1, 443, 443.0, 65536, 10**30, 1e400, "", " ", "443", "true", "false", "True", "*", "all",
     "ipv4", "ipv6", "active", "verified", "Verified ", "pendingVerification", "healthy", "unhealthy", "draining",
     "blackhole", "igw-1", "vgw-1", "0.0.0.0/0", "192.168.0.0/16", "10.0.0.0/33", "10.0.1.10", "1.2.3", "CONNECTED",
     "PUBLIC_ENDPOINT", HOST.upper(), HOST + ".", f"*.{HOST}", "a" * 64 + ".example.com", "x..example.com", "münchen.example",
     "com", "proxy.internal", f"https://{HOST}:443", "https://", "/kms/xks/v2", "arn:aws:iam::444455556666:root",
     "cks.kms.eu-west-2.amazonaws.com", [], {}, [[]], [{}], [None], [""], {"State": "verified"}, GROUP, STORE_ID]
)  # fmt: skip
_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
_CODES = st.sampled_from(
    [
        "AccessDenied",
        "Throttling",
        "InvalidServiceName",
        "AuthFailure",
        "ExpiredToken",
        "Odd",
        "",
        "X.NotFound",
    ]
)
# One change: where, what kind, and what is put there or done. Small to read when it breaks something.
Change = tuple[Path, str, Any]


def changes_of(name: str) -> st.SearchStrategy[list[Change]]:
    paths = st.sampled_from(PATHS[name])
    error = st.fixed_dictionaries({}, optional={"code": _CODES | st.integers(), "message": hostile})
    done = st.one_of(
        st.tuples(st.just("put"), _NEAR),
        st.tuples(st.just("put"), _NEAR | _ANY | hostile),
        st.tuples(st.just("append"), hostile),
        st.tuples(st.just("swap"), paths),
        st.tuples(st.just("swap"), paths),
        st.tuples(st.sampled_from(["gone", "twice", "upper", "title", "cut"]), st.none()),
        st.tuples(st.just("many"), st.sampled_from([2, 12, 3000])),
        st.tuples(st.just("error"), error),
    )
    return st.lists(st.tuples(paths, done).map(lambda both: (both[0], *both[1])), min_size=1, max_size=3)


def _exists(document: Any, path: Path) -> bool:
    for key in path:
        is_there = key in document if isinstance(document, dict) else False
        if isinstance(document, list):
            is_there = isinstance(key, int) and key < len(document)
        if not is_there:
            return False
        document = document[key]
    return True


def _at(document: Any, path: Path) -> Any:
    for key in path:
        document = document[key]
    return document


def changed(name: str, changes: list[Change]) -> dict[str, Any]:
    """A base with changes; one whose place is gone by then does nothing."""
    document: dict[str, Any] = json.loads(_WRITTEN[name])
    for path, kind, value in changes:
        if _exists(document, path):
            _change(document, path, kind, value)
    return document


def _change(document: dict[str, Any], path: Path, kind: str, value: Any) -> None:
    parent, key = _at(document, path[:-1]), path[-1]
    old = parent[key]
    match kind:
        case "put":
            parent[key] = copy.deepcopy(value)
        case "swap" if _exists(document, value):
            parent[key] = copy.deepcopy(_at(document, value))
        case "gone":
            del parent[key]
        case "error":
            document["calls"][path[1]].pop("answer", None)
            document["calls"][path[1]]["error"] = value
        case "twice" if isinstance(parent, list):
            parent.append(copy.deepcopy(old))
        case "many" if isinstance(old, list) and len(old) < 20:
            parent[key] = old * value
        case "append" if isinstance(old, str):
            parent[key] = old + value
        case "upper" | "title" if isinstance(old, str):
            parent[key] = getattr(old, kind)()
        case "cut" if isinstance(old, str):
            parent[key] = old[:-1]


_WRITTEN = {name: json.dumps(base) for name, base in BASES.items()}
worlds = st.one_of([st.tuples(st.just(name), changes_of(name)) for name in BASES])
World = tuple[str, list[Change]]
_DESTINATION = next(path for path in PATHS["existing"] if path[-1] == "DestinationCidrBlock")


def audited(name: str, document: dict[str, Any]) -> Account:
    store = None if name == "new" else STORE_ID
    service = SERVICE_NAME if name == "new" else None
    caller = Recorded(document)
    return audit(
        caller,
        Proposal(region=REGION, key_store_id=store, service_name=service),
        taken_at_s=NOW_S,
        timeout_s=30.0,
    )


def asked(name: str) -> Proposal:
    about = {"key_store_id": STORE_ID} if name != "new" else {"name": "bank", "service_name": SERVICE_NAME}
    return Proposal(
        region=REGION, region_has_kms=True, uri_path="/kms/xks/v1", data_centre=("192.168.0.0/16",), **about
    )


def measured(of: Target) -> list[Measurement]:
    """The target answers all that it is asked, as KMS wants it."""
    usual = HealthDetails(
        purpose="health",
        status=200,
        clock_offset_s=0.0,
        managers=(("a", Manager.ACTIVE), ("b", Manager.ACTIVE)),
    )
    others = [
        replace(usual, purpose="get", status=405),
        replace(usual, purpose="unsigned", status=401),
        replace(usual, purpose="large_body"),
        replace(
            usual,
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
        for details in (*[usual] * 5, *others)
    ]
    return [tcp(of), tls(of, CHAIN), *health]


def evidence_of(name: str, document: dict[str, Any], *, is_measured: bool) -> Evidence:
    account = audited(name, document)
    proposal = discovery.completed(asked(name), account)
    targets = discovery.targets(proposal, account, (), plans(5.0))
    seen = tuple(m for each in targets for m in measured(each)) if is_measured else ()
    store = account.key_store(proposal.key_store_id)
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
        latest=seen,
        recent=seen,
        extra_authorities=(ROOT.der,),
        proposal=replace(proposal, key_id="k"),
        account=account,
        credential=CREDENTIAL.facts(store.access_key_id if store else None),
        domain=domain if is_measured else None,
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


def hold(report: Report, document: dict[str, Any]) -> None:
    """What is true of every report, whatever it is about."""
    for verdict in report.verdicts:
        assert not verdict.because.startswith("our bug"), verdict
        assert verdict.outcome in _LEVELS[verdict.requirement].outcomes, verdict
        if verdict.outcome is Outcome.MET:
            assert met_may_hold(verdict.requirement, document), verdict
    for prediction in report.predictions:
        if prediction.decided and not prediction.errors:
            nothing_is_open(report, prediction.operation)


def nothing_is_open(report: Report, operation: Operation) -> None:
    """An operation against which nothing is: all that it needs is met, or refuted by what got through."""
    for verdict in report.verdicts:
        published = _LEVELS[verdict.requirement]
        if verdict.level == "required" and any(e.operation is operation for e in published.errors):
            fine = verdict.outcome in (Outcome.MET, Outcome.NOT_APPLICABLE)
            assert fine or "through its nodes succeeded" in verdict.because, (operation, verdict)


@pytest.mark.parametrize("name", ["existing", "new"])
def test_the_unchanged_account_is_decided_and_nothing_is_against_it(name: str) -> None:
    """Else the properties below would hold of nothing."""
    evidence = evidence_of(name, copy.deepcopy(BASES[name]), is_measured=True)
    report = judge(evidence, key_store=evidence.proposal.key_store_id or "" if evidence.proposal else "")
    hold(report, BASES[name])
    wrong = [v for v in report.verdicts if v.outcome is not Outcome.MET and v.level == "required"]
    assert all(p.decided and not p.errors for p in report.predictions), (wrong, report.predictions)


@example(("existing", [(_DESTINATION, "put", True)]), False, "json")
@given(worlds, st.booleans(), st.sampled_from(["json", "json", "markdown", "html", "junit", "text"]))
@share(0.15)
def test_no_answer_of_aws_breaks_a_preflight_or_makes_it_lie(
    world: World, is_measured: bool, form: str
) -> None:
    name, document = world[0], changed(*world)
    evidence = evidence_of(name, document, is_measured=is_measured)
    report = judge(evidence, key_store=evidence.proposal.key_store_id or "" if evidence.proposal else "")
    hold(report, document)
    harmless.CHECKS[form](written(evidence, report, form))


@given(worlds)
@share(0.12)
def test_no_answer_of_aws_makes_a_target_that_cannot_be_connected_to(world: World) -> None:
    name, document = world[0], changed(*world)
    account = audited(name, document)
    proposal = discovery.completed(asked(name), account)
    for target in discovery.targets(proposal, account, (), plans(5.0)):
        assert 0 < target.port < 65536, target
        if target.server_name is not None:
            check_name(target.server_name)
        elif target.role != "key_manager":
            assert proposal.host is None or not _is_name(proposal.host)


def _is_name(text: str) -> bool:
    try:
        check_name(text)
    except ValueError:
        return False
    return True


@given(worlds)
@share(0.01)
def test_what_was_changed_is_still_a_file(change: tuple[str, dict[str, Any]]) -> None:
    """The changes are such as a file can hold: its JSON comes back as it was."""
    _, document = change
    assert json.dumps(json.loads(json.dumps(document))) == json.dumps(document)


def test_calls_are_found_where_the_tests_look() -> None:
    assert call(BASES["consumed"], "DescribeVpcEndpointServices")["answer"]["ServiceDetails"]
