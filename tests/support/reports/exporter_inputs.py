"""Inputs for tests of exporters: targets, measurements, certificates, reports and surveys."""

from dataclasses import replace
from typing import Any

from probe.model.kinds import CHECKS
from probe.model.measurements import (
    Certificate,
    ClientHelloProfile,
    EchoBatch,
    EchoOutcome,
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
from probe.model.statistics import Summary
from probe.model.survey import RegionRtt, Survey
from probe.model.targets import Check, PlannedCheck, Role, Target
from probe.model.verdicts import (
    Basis,
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

NOW_S = 1_800_000_000.0
HOSTILE = '</td><script>alert(1)</script>\x1b[2J\u202e\n" onload="x'


def target(name: str = "node-1", **changes: Any) -> Target:
    plans = tuple(
        PlannedCheck(check=c, interval_s=s, timeout_s=1.0)
        for c, s in ((Check.ICMP, 1.0), (Check.TCP, 15.0), (Check.TLS, 60.0))
    )
    settings = {
        "role": Role.NODE,
        "host": "10.0.0.1",
        "key_store": "cks-1",
        "zone": "use1-az1",
        "plans": plans,
    }
    return Target(name=name, **{**settings, **changes})


def tcp(of: Target, rtt_s: float | None = 0.004, at_s: float = NOW_S, **changes: Any) -> Measurement:
    failed = Failure(phase=Phase.CONNECT, reason=Reason.TIMED_OUT, detail="no answer in 1 s")
    outcome: dict[str, Any] = (
        {"failure": failed}
        if rtt_s is None
        else {"phases_s": {Phase.CONNECT: rtt_s}, "timestamps": Timestamps.KERNEL}
    )
    base = {"started_at_s": at_s, "address": of.host, "details": TcpDetails(local_port=4000, retransmits=1)}
    return Measurement(target=of, check=Check.TCP, **{**base, **outcome, **changes})


def certificate(position: int = 0, name: str = "proxy.example.com", **changes: Any) -> Certificate:
    base: dict[str, Any] = {
        "position": position, "subject_common_names": (name,), "dns_names": (name,), "subject": f"CN={name}",
        "issuer": "CN=Example CA", "issuer_common_name": "Example CA", "not_before_s": NOW_S - 86400,
        "not_after_s": NOW_S + 90 * 86400, "serial": "0a", "sha256": "ab" * 32, "key": "EC",
        "public_key_bits": 256, "der": b"",
    }  # fmt: skip
    return Certificate(**{**base, **changes})


def tls(of: Target, *chain: Certificate, at_s: float = NOW_S, **changes: Any) -> Measurement:
    details = TlsDetails(
        server_name="proxy.example.com", local_port=4001, offer=ClientHelloProfile.KMS, kms_handshake_succeeded=True,
        version="TLSv1.3", cipher="TLS_AES_256_GCM_SHA384", chain=chain,
    )  # fmt: skip
    base = {
        "started_at_s": at_s, "address": of.host, "timestamps": Timestamps.KERNEL, "details": details,
        "phases_s": {Phase.CONNECT: 0.004, Phase.HANDSHAKE: 0.02},
    }  # fmt: skip
    return Measurement(target=of, check=Check.TLS, **{**base, **changes})


def asked(name: str = "node-1", **changes: Any) -> Target:
    """A target that also has a health check."""
    of = target(name, **changes)
    plan = PlannedCheck(check=Check.HEALTH_COLD, interval_s=60.0, timeout_s=10.0)
    return replace(of, plans=(*of.plans, plan))


FLEET = (("hsm-1", KeyManagerStatus.ACTIVE), ("hsm-2", KeyManagerStatus.DEGRADED))
PHASES_S = {Phase.CONNECT: 0.004, Phase.HANDSHAKE: 0.02, Phase.WAIT: 0.03, Phase.RECEIVE: 0.001}


def health(
    of: Target,
    status: int | None = 200,
    at_s: float = NOW_S,
    *,
    check: Check = Check.HEALTH_COLD,
    failure: Failure | None = None,
    wait_s: float = 0.03,
    **details: Any,
) -> Measurement:
    """One request. ``status`` None: no answer, or no request sent. A warm request has no connect and handshake."""
    phases_s = {phase: s for phase, s in PHASES_S.items() if phase in CHECKS[check].phases}
    base: dict[str, Any] = {"purpose": "health", "status": status, "managers": FLEET if status == 200 else ()}
    return Measurement(
        target=of, check=check, started_at_s=at_s, address=of.host, timestamps=Timestamps.KERNEL, failure=failure,
        phases_s={**phases_s, Phase.WAIT: wait_s} if status else {}, details=HealthDetails(**{**base, **details}),
    )  # fmt: skip


SILENT = Failure(phase=Phase.WAIT, reason=Reason.TIMED_OUT)


def echoes(*rows: tuple[EchoOutcome, int, Reason | None], index: int = 0) -> EchoBatch:
    """Echo requests to one target, one per millisecond: outcome, RTT in ns, reason."""
    count = len(rows)
    return EchoBatch(
        indexes=[index] * count,
        sequences=range(count),
        sent_ns=[int(NOW_S * 1e9) + n * 1_000_000 for n in range(count)],
        rtt_ns=[rtt for _, rtt, _ in rows],
        stamps=[Timestamps.KERNEL if rtt >= 0 else None for _, rtt, _ in rows],
        outcomes=[outcome for outcome, _, _ in rows],
        reasons=[reason for _, _, reason in rows],
    )


ANSWERED = (EchoOutcome.ANSWERED, 2_000_000, None)
LOST = (EchoOutcome.TIMED_OUT, -1, Reason.TIMED_OUT)
DUPLICATE = (EchoOutcome.DUPLICATE, 3_000_000, None)
LATE = (EchoOutcome.LATE, 2_500_000_000, None)


def verdict(
    requirement: str = "authority-is-trusted-by-kms",
    outcome: Outcome = Outcome.MET,
    subject: str = "node-1",
    **changes: Any,
) -> Verdict:
    base = {"level": Level.REQUIRED, "step": KmsStep.TLS, "because": "as seen"}
    return Verdict(requirement=requirement, outcome=outcome, subject=subject, **{**base, **changes})


def predicted(
    error: str = "XKS_PROXY_INVALID_TLS_CONFIGURATION",
    likelihood: Likelihood = Likelihood.EXPECTED,
    **changes: Any,
) -> PredictedError:
    base = {"basis": Basis.DOCUMENTED, "requirements": ("authority-is-trusted-by-kms",)}
    return PredictedError(error=error, likelihood=likelihood, **{**base, **changes})


def report(
    *verdicts: Verdict, errors: tuple[PredictedError, ...] = (), decided: bool = True, **changes: Any
) -> Report:
    connect = Prediction(
        operation=Operation.CONNECT,
        decided=decided,
        errors=errors,
        unknown_requirements=tuple(v.requirement for v in verdicts if v.outcome is Outcome.UNKNOWN),
        rests_on_extra_authority=any(v.rests_on_extra_authority for v in verdicts),
    )
    base = {"taken_at_s": NOW_S, "key_store": "cks-1", "predictions": (connect,), "verdicts": verdicts}
    return Report(**{**base, **changes})


REMEDY = Remedy(text="Use another certificate.", console="Proxy configuration", cli="xks-probe tls 10.0.0.1")


def region(
    name: str = "eu-central-1", median_s: float | None = 0.004, rank: int | None = 1, **changes: Any
) -> RegionRtt:
    samples = 20 if median_s is not None else 0
    interval = None if median_s is None else (median_s * 0.99, median_s * 1.01)
    summary = Summary(
        samples=samples, lost=20 - samples, min_s=median_s, median_s=median_s, median_ci95_s=interval
    )
    return RegionRtt(region=name, rank=rank, summary=summary, **changes)


def survey(*regions: RegionRtt, **changes: Any) -> Survey:
    return Survey(**{"taken_at_s": NOW_S, "vantage": "fra-dc1", "regions": regions, **changes})
