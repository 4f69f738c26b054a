"""Remedies can be followed: no placeholder is left, and every command is valid for its program."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest
import typer
from botocore import xform_name
from botocore.session import Session
from support.accounts.healthy import (
    ACCOUNT,
    AS_CONSUMER,
    BALANCER,
    GROUP,
    HOST,
    LISTENER,
    OTHER,
    OWN,
    SERVICE,
    SPEC,
    STORE,
    TARGETS,
    VPC,
    admitting,
)
from support.evidence import NOTHING_AGREED, NOW_S, in_handshake, issue, sent, tcp, tls, window

from probe.model.account import (
    Account,
    EndpointConnection,
    Principal,
    RegisteredTarget,
    Route,
    RouteTable,
    TargetHealthCheck,
    Verification,
)
from probe.model.evidence import Evidence
from probe.model.facts import CredentialFacts, DomainFacts, RecordSeen, RecordState, View
from probe.model.large_client_hello import HelloAnswer, LargeClientHello
from probe.model.measurements import (
    ClientHelloProfile,
    Failure,
    HealthDetails,
    KeyManagerStatus,
    Measurement,
    Phase,
    Reason,
)
from probe.model.store import PUBLIC_CONNECTIVITY, KeyStoreSpec
from probe.model.targets import Check, PlannedCheck, Role, Target
from probe.model.verdicts import Outcome, Remedy, Scope, Verdict
from probe.requirements import CATALOGUE
from probe.verdicts.judge import judge

LATER_S = 40 * 86400.0
ROOT = issue("Unlisted Root", ca=True)
CHAIN = sent(issue("other.example.org", by=ROOT), ROOT)
EXPIRED = sent(issue(HOST, by=ROOT, to_s=NOW_S - LATER_S / 2, from_s=NOW_S - LATER_S, dns_names=(HOST,)))
SOON = sent(issue(HOST, to_s=NOW_S + 86400.0))
_PLANS = (PlannedCheck(check=Check.TLS, interval_s=5.0, timeout_s=5.0),)


def target(name: str, role: Role, host: str, port: int = 443) -> Target:
    return Target(name=name, role=role, host=host, port=port, server_name=HOST, plans=_PLANS)


A = target("xks-eu-west-1a", Role.NODE, "10.0.1.10")
B = target("xks-eu-west-1b", Role.NODE, "10.0.2.10")
BACKEND = target("192.168.1.5:8443", Role.BACKEND, "192.168.1.5", 8443)
MANAGER = Target(name="hsm", role=Role.KEY_MANAGER, host="192.168.1.9")
PROXY = target(HOST, Role.PROXY, HOST)
GOOD = HealthDetails(
    purpose="health", status=200, managers=(("a", KeyManagerStatus.ACTIVE),), clock_offset_s=0.0
)
SILENT = Failure(phase=Phase.WAIT, reason=Reason.TIMED_OUT)
NOT_ANSWERED = LargeClientHello(
    target=A,
    started_at_s=NOW_S,
    answer=HelloAnswer.RESET,
    failure=Failure(phase=Phase.HANDSHAKE, reason=Reason.RESET),
)


def health(of: Target, failure: Failure | None = None, total_s: float = 0.05, **response: Any) -> Measurement:
    return Measurement(
        target=of,
        check=Check.HEALTH_COLD,
        started_at_s=NOW_S,
        phases_s={Phase.WAIT: total_s},
        failure=failure,
        details=replace(GOOD, **response),
    )


def proxies(of: Target) -> Iterator[tuple[Measurement, ...]]:
    """Measurements with faults of TCP, TLS and health, a few at a time."""
    yield (tcp(of, Reason.REFUSED),)
    yield (tls(of, failure=in_handshake(Reason.RESET), **NOTHING_AGREED),)
    yield (tls(of, CHAIN, version="TLSv1.1", cipher="AES128-SHA", kms_handshake_succeeded=False),)
    yield (tls(of, EXPIRED, client_certificate_requested=True, answered_without_client_certificate=False),)
    yield (tls(of, SOON, offer=ClientHelloProfile.KMS),)
    yield (tls(of, sent(issue(HOST))), health(of, purpose="large_body", failure=SILENT), health(of))
    yield (health(of, status=401, error_name="AuthenticationFailedException", clock_offset_s=999.0),)
    yield (health(of, status=404, error_name="InvalidUriPathException"),)
    yield (health(of, status=403, error_name="AccessDeniedException"),)
    yield tuple(health(of, total_s=0.9, managers=(("a", KeyManagerStatus.UNAVAILABLE),)) for _ in range(5))
    yield (
        health(of, fault="the body is no JSON"),
        health(of, purpose="get"),
        health(of, purpose="unsigned"),
        health(of, purpose="key_metadata", key_spec="RSA_2048", key_status="DISABLED"),
    )


RECORD = RecordSeen(name="_abc.example.com", view=View.PUBLIC, server="192.0.2.1", state=RecordState.ABSENT)
DOMAIN = DomainFacts(
    private_dns_name=HOST,
    registrable="example.com",
    names=("_abc.example.com",),
    expected_value="vpce:Value",
    is_public=False,
    because="example.com has no name servers in public DNS",
    seen=(RECORD,),
)
PENDING = Verification(state="pendingVerification", name="_abc", value="vpce:Value")
BAD_GROUP = replace(
    GROUP,
    target_type="instance",
    attributes={"proxy_protocol_v2.enabled": "true"},
    health_check=TargetHealthCheck(protocol="TCP"),
    targets=(RegisteredTarget(id="192.168.1.5", port=8443, zone="eu-west-1a", state="unhealthy"),),
)
BAD_BALANCER = replace(
    BALANCER,
    state="failed",
    address_type="ipv6",
    scheme="internet-facing",
    security_groups=("sg-1", "sg-2"),
    enforces_inbound_rules=True,
    zones=BALANCER.zones[:1],
    target_groups=(BAD_GROUP,),
)
BAD_VPC = replace(
    VPC,
    dns_support=False,
    route_tables=(
        RouteTable(id="rtb-1", is_main=True, routes=(Route(destination="10.0.0.0/8", via="igw-1"),)),
    ),
)
BAD_SERVICE = replace(
    SERVICE,
    state="Failed",
    types=("GatewayLoadBalancer",),
    acceptance_required=True,
    private_dns_name="other.example.org",
    verification=PENDING,
    address_types=("ipv6",),
    zones=("eu-west-1c",),
    zone_ids=("euw1-az3",),
)
BAD = replace(
    ACCOUNT,
    key_stores=(STORE,) * 10,
    service=BAD_SERVICE,
    services=(BAD_SERVICE, replace(BAD_SERVICE, id="vpce-svc-2")),
    principals=(Principal(principal="*"), Principal(principal=f"arn:aws:iam::{OTHER}:root")),
    connections=(EndpointConnection(owner=OTHER, state="pendingAcceptance"),),
    load_balancers=(BAD_BALANCER,),
    vpcs=(BAD_VPC,),
    security_groups=(admitting("10.0.0.0/8"), replace(admitting(), id="sg-2")),
)


def accounts() -> Iterator[Account]:
    """Accounts with faults, many at once."""
    yield ACCOUNT
    yield BAD
    yield replace(BAD, principals=())
    yield replace(BAD, service=replace(BAD_SERVICE, private_dns_name=None))
    yield replace(BAD, service=replace(BAD_SERVICE, private_dns_name="*.example.org"))
    yield replace(BAD, service=AS_CONSUMER, services=())
    yield replace(BAD, service=None)
    shut = (replace(VPC.network_acls[0], entries=VPC.network_acls[0].entries[:2]),)  # type: ignore[index]
    yield replace(ACCOUNT, vpcs=(replace(VPC, network_acls=shut),))
    own = replace(BAD_GROUP, attributes={"load_balancing.cross_zone.enabled": "false"})
    yield replace(BAD, load_balancers=(replace(BAD_BALANCER, target_groups=(own,)),))
    yield replace(BAD, vpcs=(replace(BAD_VPC, dns_support=True, dns_hostnames=False),))
    for listeners in ((), (replace(LISTENER, protocol="UDP"),), (replace(LISTENER, target_group_arns=()),)):
        yield replace(BAD, load_balancers=(replace(BAD_BALANCER, listeners=listeners),))
    two = (BAD_GROUP, replace(BAD_GROUP, arn="arn:b"))
    yield replace(BAD, load_balancers=(replace(BAD_BALANCER, listeners=(), target_groups=two),))
    yield replace(
        ACCOUNT, load_balancers=(replace(BALANCER, target_groups=(replace(GROUP, targets=TARGETS[:1]),)),)
    )


FAILED = replace(STORE, connection_state="FAILED", connection_error_code="INVALID_CREDENTIALS")
TAKEN = replace(STORE, id="cks-2", uri_path="/b/kms/xks/v1")
INVALID = replace(
    SPEC,
    uri_endpoint="https://10.0.0.1",
    uri_path="/kms/xks/v2",
    service_name="nonsense",
    region="cn-north-1",
)
CREDENTIAL = CredentialFacts(access_key_id_fault="is short", secret_fault=None, is_that_of_the_store=False)


def proposals() -> Iterator[tuple[KeyStoreSpec, Account]]:
    """An existing store, a planned one, a public one, and one in which everything is wrong."""
    for account in accounts():
        with_store = (FAILED, TAKEN) if account is not BAD else account.key_stores
        stores = replace(account, key_stores=with_store)
        yield replace(SPEC, id=STORE.id, data_centre=("10.0.0.0/8",)), stores
        yield replace(SPEC, name="bank", store_account=OTHER), account
        yield replace(SPEC, uri_endpoint=None), account
    yield replace(SPEC, region="eu-west-2"), ACCOUNT
    yield INVALID, replace(ACCOUNT, key_stores=(STORE,))
    yield replace(SPEC, uri_endpoint="https://localhost", service_owner=OWN), BAD
    yield replace(SPEC, connectivity=PUBLIC_CONNECTIVITY, service_name=None), ACCOUNT


def simulations() -> Iterator[Evidence]:
    for spec, account in proposals():
        yield evidence(spec, account, ())
    existing = replace(SPEC, id=STORE.id)
    public = replace(SPEC, connectivity=PUBLIC_CONNECTIVITY, service_name=None)
    for spec, account in (
        (SPEC, ACCOUNT),
        (SPEC, None),
        (existing, replace(ACCOUNT, key_stores=(FAILED,))),
        (public, ACCOUNT),
        (None, None),
    ):
        for of in (A, BACKEND, PROXY):
            for measured in proxies(of):
                yield evidence(spec, account, measured)
        yield evidence(spec, account, (tls(A, CHAIN), tls(B, SOON)))
    yield replace(evidence(SPEC, ACCOUNT, (tls(A, CHAIN),)), large_client_hellos=(NOT_ANSWERED,))


def evidence(
    spec: KeyStoreSpec | None, account: Account | None, measured: tuple[Measurement, ...]
) -> Evidence:
    return Evidence(
        taken_at_s=NOW_S,
        targets=(*dict.fromkeys(each.target for each in measured), MANAGER),
        latest=measured,
        recent=measured * 2,
        windows=(window("hsm", 0.05),),
        spec=replace(spec, key_id="k") if spec else None,
        account=account,
        domain=DOMAIN,
        credential=CREDENTIAL,
        scopes=frozenset(Scope),
    )


def violated() -> dict[tuple[str, Remedy], Verdict]:
    """One verdict for each different remedy that is printed."""
    found: dict[tuple[str, Remedy], Verdict] = {}
    for simulation in simulations():
        for verdict in judge(simulation).verdicts:
            if verdict.remedy is not None:
                found.setdefault((verdict.requirement, verdict.remedy), verdict)
    return found


PRINTED = violated()
REMEDIES = pytest.mark.parametrize(
    "remedy", [remedy for _, remedy in PRINTED], ids=[f"{n}-{id_}" for n, (id_, _) in enumerate(PRINTED)]
)
_PLACEHOLDER = re.compile(
    r"(?<![\w-])(?:[A-Z]{3,}(?:-[A-Z0-9]+)+|REGION|ARN|ADDRESS|PARENT|NAME|OWNER|PREFIX|ID)(?![\w-])"
)
_NOT_PLACEHOLDERS = re.compile(r"ECDHE-(?:RSA|ECDSA)-AES256-GCM-SHA384|AES-256|SHA-256")


def test_every_requirement_is_violated_in_one_of_the_simulations() -> None:
    assert {id_ for id_, _ in PRINTED} == {declared.id for declared in CATALOGUE}


@REMEDIES
def test_no_placeholder_is_left_in_a_remedy(remedy: Remedy) -> None:
    for text in (remedy.text, remedy.console, remedy.cli):
        assert _PLACEHOLDER.findall(_NOT_PLACEHOLDERS.sub("", text)) == [], text


@REMEDIES
def test_every_command_is_valid_for_its_program(remedy: Remedy) -> None:
    if remedy.cli:
        program, *arguments = shlex.split(remedy.cli)
        CHECKS[program](arguments)


def commands(id_: str) -> set[str]:
    """The AWS operations in the remedies of a requirement; "" for a remedy without a command."""
    return {" ".join(remedy.cli.split()[2:3]) for each, remedy in PRINTED if each == id_}


@pytest.mark.parametrize(
    ("id_", "operations"),
    [
        ("network-routes-reach-every-target", {"describe-route-tables", "describe-network-acls"}),
        ("listener-forwards-443", {"create-listener", "describe-listeners", "describe-target-groups"}),
        (
            "every-zone-has-a-healthy-target",
            {"modify-load-balancer-attributes", "modify-target-group-attributes"},
        ),
        # An IP address, a single label or a wildcard is not a name to suggest.
        ("private-dns-name-matches-the-endpoint", {"modify-vpc-endpoint-service-configuration", ""}),
    ],
)
def test_the_command_matches_the_fault(id_: str, operations: set[str]) -> None:
    assert commands(id_) == operations


def test_each_security_group_is_an_argument_and_dns_resolution_is_enabled_first() -> None:
    assert any("--security-groups sg-1 sg-2 --enforce" in remedy.cli for _, remedy in PRINTED)
    settings = {r.cli.split()[-1] for id_, r in PRINTED if id_ == "vpc-resolves-dns-names"}
    assert settings == {"--enable-dns-support", "--enable-dns-hostnames"}


def test_no_impossible_private_dns_name_is_suggested() -> None:
    texts = [r.text for id_, r in PRINTED if id_ == "private-dns-name-matches-the-endpoint"]
    assert not any("10.0.0.1" in text or "localhost" in text or "*" in text for text in texts)


def test_every_declared_command_is_printed_if_all_values_are_known() -> None:
    with_command = {id_ for id_, remedy in PRINTED if remedy.cli}
    declared = {each.id for each in CATALOGUE if each.remedy.cli}
    assert declared <= with_command


SESSION = Session()


def of_aws(arguments: list[str]) -> None:
    """The operation exists, has these parameters, and gets all required ones."""
    service, command, *options = arguments
    model = SESSION.get_service_model(service)
    (name,) = (each for each in model.operation_names if xform_name(each, "-") == command)
    shape = model.operation_model(name).input_shape
    members = {f"--{xform_name(member, '-')}": member for member in shape.members}
    off = {
        f"--no-{option[2:]}": member
        for option, member in members.items()
        if shape.members[member].type_name == "boolean"
    }
    given = [each for each in options if each.startswith("--")]
    assert set(given) <= {*members, *off, "--region", "--query"}, arguments
    assert set(shape.required_members) <= {{**members, **off}.get(option) for option in given}, arguments
    assert "--region" in given


def of_openssl(arguments: list[str]) -> None:
    match arguments:
        case ["s_client", "-connect", address, "-servername", name, *_]:
            host, _, port = address.partition(":")
            assert host
            assert 0 < int(port) < 65536
            assert name == HOST
        case ["x509", "-in", file, *_]:
            assert file == "certificate.pem"
        case _:
            pytest.fail(f"openssl {arguments}")


def of_dig(arguments: list[str]) -> None:
    short, kind, name, server = arguments
    assert (short, server) == ("+short", "@1.1.1.1")
    assert kind in {"NS", "TXT"}
    assert name


def of_ping(arguments: list[str]) -> None:
    *options, address = arguments
    assert options == ["-M", "do", "-s", "1472"]
    assert address in {A.host, BACKEND.host, PROXY.host}


def of_chrony(arguments: list[str]) -> None:
    assert arguments == ["tracking"]


def of_xks_probe(arguments: list[str]) -> None:
    app = typer.Typer()
    module = import_module(f"probe.commands.{arguments[0]}")
    app.command()(getattr(module, "OPTIONS", module.command))
    known = {option for parameter in typer.main.get_command(app).params for option in parameter.opts}
    assert {each for each in arguments if each.startswith("--")} <= known


def of_curl(arguments: list[str]) -> None:
    *options, url = arguments
    assert url.startswith(("http://", "https://"))
    assert {each for each in options if each.startswith("--")} <= {
        "--haproxy-protocol",
        "--http2",
        "--verbose",
        "--insecure",
        "--connect-to",
    }


CHECKS = {
    "curl": of_curl,
    "aws": of_aws,
    "openssl": of_openssl,
    "dig": of_dig,
    "ping": of_ping,
    "chronyc": of_chrony,
    "xks-probe": of_xks_probe,
}


def test_only_violated_verdicts_have_a_remedy() -> None:
    assert {each.outcome for each in PRINTED.values()} == {Outcome.VIOLATED}
