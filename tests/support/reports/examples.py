"""Example results for tests of reports and their schemas."""

from dataclasses import replace
from typing import Any

from probe.model.evidence import Evidence
from probe.model.measurements import (
    Certificate,
    ClientHelloProfile,
    DnsDetails,
    EchoDetails,
    Failure,
    HealthDetails,
    KeyManagerStatus,
    Measurement,
    Phase,
    Reason,
    TcpDetails,
    Timestamps,
    TlsDetails,
)
from probe.model.statistics import Summary, Window
from probe.model.survey import RegionRtt, Survey
from probe.model.targets import Check, Question, Role, Target
from probe.model.verdicts import (
    Basis,
    KmsError,
    KmsStep,
    Level,
    Likelihood,
    Operation,
    Outcome,
    PredictedError,
    Prediction,
    Remedy,
    Report,
    Verdict,
)

NOW_S = 1_790_000_000.25  # 2026-09-21 14:13:20.25 UTC
DAY_S = 86_400
HOSTILE = "\x1b[31mred\x1b[0m [bold]x[/bold] \u202egpj.exe\nnext"
DENSE = Summary(
    samples=120,
    lost=2,
    min_s=0.0121,
    median_s=0.0127,
    p95_s=0.0144,
    p99_s=0.019,
    median_ci95_s=(0.0126, 0.0128),
    jitter_s=0.0004,
)
SPARSE = Summary(samples=3, lost=0, min_s=0.034, median_s=0.0349, jitter_s=0.001)

NODE_1 = Target(name="nlb-use1-az1", role=Role.NODE, host="10.20.1.10", zone="use1-az1")
NODE_2 = Target(name="nlb-use1-az2", role=Role.NODE, host="10.20.2.10", zone="use1-az2")
BACKEND = Target(name="proxy-1", role=Role.BACKEND, host="10.30.0.11", zone="use1-az1")
KEY_MANAGER = Target(name="hsm-1", role=Role.KEY_MANAGER, host="hsm-1.example.com")
RESOLVER = Target(
    name="vpc-resolver",
    role=Role.RESOLVER,
    host="10.20.0.2",
    port=53,
    question=Question(name="_x.xks.example.com", record_type="TXT"),
)
REGION = Target(name="region-eu-central-1", role=Role.REGION, host="kms.eu-central-1.amazonaws.com")


def certificate(
    position: int = 0, name: str = "myproxy-private.xks.example.com", days: float = 47
) -> Certificate:
    return Certificate(
        position=position,
        subject_common_names=(name,),
        dns_names=(name, "alt.example.com"),
        subject=f"CN={name}",
        issuer="CN=Example Issuing CA 3,O=Example Trust,C=US",
        issuer_common_name="Example Issuing CA 3",
        not_before_s=NOW_S - 30 * DAY_S,
        not_after_s=NOW_S + days * DAY_S,
        serial="04d2",
        sha256="ab" * 32,
        key="RSA",
        public_key_bits=2048,
        der=b"",
    )


def echo(*, rtt_s: float | None = 0.020394) -> Measurement:
    return Measurement(
        target=NODE_1,
        check=Check.ICMP,
        started_at_s=NOW_S,
        address="10.20.1.10",
        phases_s={} if rtt_s is None else {Phase.ECHO: rtt_s},
        timestamps=None if rtt_s is None else Timestamps.KERNEL,
        failure=Failure(phase=Phase.ECHO, reason=Reason.TIMED_OUT) if rtt_s is None else None,
        details=EchoDetails(identifier=77, sequence=3),
    )


def connect(
    target: Target = NODE_1, *, rtt_s: float | None = 0.0127, detail: str = "no SYN-ACK in 2 s"
) -> Measurement:
    return Measurement(
        target=target,
        check=Check.TCP,
        started_at_s=NOW_S - 2,
        address="10.20.1.10",
        phases_s={} if rtt_s is None else {Phase.CONNECT: rtt_s},
        timestamps=None if rtt_s is None else Timestamps.KERNEL,
        failure=Failure(phase=Phase.CONNECT, reason=Reason.TIMED_OUT, detail=detail)
        if rtt_s is None
        else None,
        details=TcpDetails(local_port=40123, retransmits=1)
        if rtt_s
        else TcpDetails(local_port=None, retransmits=2),
    )


def handshake(target: Target = NODE_1, *, name: str = "wrong.example.com") -> Measurement:
    return Measurement(
        target=target,
        check=Check.TLS,
        started_at_s=NOW_S - 1,
        address="10.20.1.10",
        phases_s={Phase.CONNECT: 0.0127, Phase.HANDSHAKE: 0.0311},
        timestamps=Timestamps.KERNEL_RX,
        details=TlsDetails(
            server_name="myproxy-private.xks.example.com",
            local_port=40124,
            offer=ClientHelloProfile.KMS,
            kms_handshake_succeeded=True,
            version="TLSv1.3",
            cipher="TLS_AES_256_GCM_SHA384",
            chain=(certificate(name=name, days=8), certificate(1, "Example Issuing CA 3", 900)),
        ),
    )


def refused_handshake() -> Measurement:
    return Measurement(
        target=NODE_2,
        check=Check.TLS,
        started_at_s=NOW_S,
        failure=Failure(phase=Phase.RESOLVE, reason=Reason.NAME_NOT_FOUND, detail=HOSTILE),
    )


def answer() -> Measurement:
    return Measurement(
        target=RESOLVER,
        check=Check.DNS,
        started_at_s=NOW_S,
        address="10.20.0.2",
        phases_s={Phase.WAIT: 0.0011},
        timestamps=Timestamps.KERNEL,
        details=DnsDetails(
            server="10.20.0.2",
            name="_x.xks.example.com",
            record_type="TXT",
            view="resolver",
            rcode="NOERROR",
            answers=('"abc"', HOSTILE),
            ttl_s=300,
        ),
    )


def silence() -> Measurement:
    return Measurement(
        target=RESOLVER,
        check=Check.DNS,
        started_at_s=NOW_S,
        address="10.20.0.2",
        failure=Failure(phase=Phase.WAIT, reason=Reason.TIMED_OUT),
    )


def requested(target: Target = NODE_1, *, warm: bool = False, **details: Any) -> Measurement:
    connected = {} if warm else {Phase.CONNECT: 0.0127, Phase.HANDSHAKE: 0.0311}
    default: dict[str, Any] = {
        "purpose": "health",
        "status": 200,
        "managers": (("hsm-1", KeyManagerStatus.ACTIVE),),
    }
    return Measurement(
        target=target, check=Check.HEALTH_WARM if warm else Check.HEALTH_COLD, started_at_s=NOW_S, address=target.host,
        phases_s={**connected, Phase.WAIT: 0.0185, Phase.RECEIVE: 0.0015}, timestamps=Timestamps.KERNEL,
        details=HealthDetails(**{**default, **details}),
    )  # fmt: skip


def survey() -> Survey:
    return Survey(
        taken_at_s=NOW_S,
        vantage="Frankfurt data centre",
        regions=(
            RegionRtt(region="eu-central-1", place="Frankfurt", address="192.0.2.1", summary=DENSE, rank=1,
                      within_threshold=True, tied_with_best=True),
            RegionRtt(region="eu-west-3", place="Paris", address="192.0.2.2", summary=SPARSE, rank=2,
                      within_threshold=None, reason="undecided: 3 samples, 20 are needed"),
            RegionRtt(region="us-east-1", place="N. Virginia",
                      summary=Summary(samples=20, lost=0, min_s=0.091, median_s=0.092, p95_s=0.0951,
                                      median_ci95_s=(0.0915, 0.0926), jitter_s=0.0002),
                      rank=3, within_threshold=False),
            RegionRtt(region="ap-southeast-2", place="Sydney", summary=Summary(lost=20),
                      reason="unreachable: timed_out in connect",
                      failure=Failure(phase=Phase.CONNECT, reason=Reason.TIMED_OUT)),
        ),
        recommended="eu-central-1",
        notes=("eu-west-3: 3 ms is below what light needs from Frankfurt; not ranked",),
    )  # fmt: skip


def name_verdict(subject: str = "nlb-use1-az1") -> Verdict:
    return Verdict(
        requirement="common-name-matches",
        level=Level.REQUIRED,
        step=KmsStep.TLS,
        subject=subject,
        outcome=Outcome.VIOLATED,
        because="the certificate's common name is wrong.example.com, the private DNS name is myproxy-private.xks.example.com",
        kms_errors=(
            KmsError(
                operation=Operation.CONNECT,
                error="XKS_PROXY_INVALID_TLS_CONFIGURATION",
                likelihood=Likelihood.EXPECTED,
                basis=Basis.DOCUMENTED,
                alternatives=("XKS_PROXY_NOT_REACHABLE",),
            ),
        ),
        remedy=Remedy(
            text="Install a certificate whose subject common name is the private DNS name.",
            console="KMS > Custom key stores > External key stores > Proxy configuration",
            cli="openssl s_client -connect 10.20.1.10:443 -servername myproxy-private.xks.example.com",
        ),
        source="T2",
    )


def verdicts() -> tuple[Verdict, ...]:
    met = ("tls-version-is-supported", "cipher-suite-is-supported", "chain-is-complete", "certificate-is-in-date",
           "every-target-accepts-tcp-443", "some-node-accepts-tcp-443", "same-certificate-everywhere")  # fmt: skip
    return (
        Verdict(
            requirement="certificate-expires-in-10-days-or-more", level=Level.ADVICE, step=KmsStep.TLS,
            subject="nlb-use1-az1", outcome=Outcome.VIOLATED, because="the leaf expires in 8 days",
            remedy=Remedy(text="Renew the certificate and install it on every backend."),
        ),
        Verdict(
            requirement="every-node-accepts-tcp-443", level=Level.RISK, step=KmsStep.NETWORK,
            subject="nlb-use1-az2", outcome=Outcome.VIOLATED,
            because="nlb-use1-az2 (10.20.2.10): timed out in connect, 20 of 20; nlb-use1-az1 answers",
            kms_errors=(
                KmsError(operation=Operation.CONNECT, error="XKS_PROXY_NOT_REACHABLE",
                         likelihood=Likelihood.POSSIBLE, basis=Basis.INFERRED),
            ),
            remedy=Remedy(text="Look at the health of the targets in use1-az2.",
                          cli="aws elbv2 describe-target-health --target-group-arn …"),
        ),
        name_verdict("nlb-use1-az1"),
        name_verdict("proxy-1"),
        *(Verdict(requirement=name, level=Level.REQUIRED, step=KmsStep.TLS, subject="nlb-use1-az1",
                  outcome=Outcome.MET, because="so it is") for name in met),
        Verdict(requirement="round-trip-within-35-ms", level=Level.RISK, step=KmsStep.NETWORK, subject="hsm-1",
                outcome=Outcome.UNKNOWN, because="3 round trips; 20 are needed"),
        Verdict(requirement="credential-is-accepted", level=Level.REQUIRED, step=KmsStep.HEALTH, subject="",
                outcome=Outcome.NOT_APPLICABLE, because="no credential was given"),
    )  # fmt: skip


def report() -> Report:
    return Report(
        taken_at_s=NOW_S,
        key_store="cks-1234567890abcdef0",
        verdicts=verdicts(),
        predictions=(
            Prediction(
                operation=Operation.CONNECT,
                decided=True,
                errors=(
                    PredictedError(error="XKS_PROXY_INVALID_TLS_CONFIGURATION", likelihood=Likelihood.EXPECTED,
                                   basis=Basis.DOCUMENTED, requirements=("common-name-matches",)),
                    PredictedError(error="XKS_PROXY_NOT_REACHABLE", likelihood=Likelihood.POSSIBLE, basis=Basis.INFERRED,
                                   requirements=("every-node-accepts-tcp-443",), masked_by="common-name-matches"),
                ),
            ),
            Prediction(operation=Operation.CREATE, decided=True),
        ),
        extra_authorities=("Example Private Root",),
        authorities_as_of="2026-11-01",
    )  # fmt: skip


def evidence() -> Evidence:
    return Evidence(
        taken_at_s=NOW_S,
        targets=(NODE_1, NODE_2, BACKEND, KEY_MANAGER, RESOLVER, REGION),
        latest=(connect(), handshake(), echo(), connect(NODE_2, rtt_s=None), connect(BACKEND), handshake(BACKEND),
                connect(KEY_MANAGER, rtt_s=0.0349), answer()),
        windows=(
            Window(target="nlb-use1-az1", method="tcp", span_s=600, summary=DENSE),
            Window(target="nlb-use1-az2", method="tcp", span_s=600, summary=Summary(lost=20)),
            Window(target="proxy-1", method="tcp", span_s=600, summary=DENSE),
            Window(target="hsm-1", method="tcp", span_s=600, summary=SPARSE),
        ),
    )  # fmt: skip


def with_health() -> Evidence:
    """Like `evidence`, with requests that were answered, rejected or not sent, and one that was not for health."""
    requests = (
        requested(), requested(warm=True, wait_is_upper_bound=True, clock_offset_s=2.0), requested(status=405, purpose="get"),
        requested(NODE_2, status=401, error_name="AuthenticationFailedException", managers=()),
        requested(BACKEND, status=None, withheld="common-name-matches", managers=()),
    )  # fmt: skip
    return replace(evidence(), recent=requests)
