"""Details of each check for tests that run with every check: all fields are set, and each text is hostile."""

from typing import Any, get_args

from support.reports.exporter_inputs import HOSTILE, NOW_S, certificate

from probe.model.kinds import CHECKS
from probe.model.measurements import (
    ClientHelloProfile,
    Details,
    DnsDetails,
    EchoDetails,
    Failure,
    HealthDetails,
    KeyManagerStatus,
    Measurement,
    Reason,
    TcpDetails,
    Timestamps,
    TlsDetails,
)
from probe.model.targets import Check, Target

_HEALTH = HealthDetails(
    purpose="health", status=200, managers=tuple((HOSTILE, state) for state in KeyManagerStatus), clock_offset_s=1.0,
    fault=HOSTILE, body=HOSTILE,
)  # fmt: skip
_UNANSWERED = HealthDetails(purpose="health")
DETAILS: dict[Check, Details] = {
    Check.ICMP: EchoDetails(identifier=1, sequence=2),
    Check.TCP: TcpDetails(local_port=40000, retransmits=1),
    Check.TLS: TlsDetails(
        server_name="proxy.example.com", local_port=40000, offer=ClientHelloProfile.KMS, kms_handshake_succeeded=True,
        version="TLSv1.3", cipher="TLS_AES_256_GCM_SHA384",
        chain=tuple(certificate(position, HOSTILE) for position in range(3)),
    ),
    Check.DNS: DnsDetails(
        server="192.0.2.1", name="a.example", record_type="TXT", view="resolver", rcode="NOERROR", answers=(HOSTILE,)
    ),
    Check.HEALTH_COLD: _HEALTH,
    Check.HEALTH_WARM: _HEALTH,
}  # fmt: skip


def without_details() -> list[str]:
    """Checks, and types of details, that are missing in this file."""
    types = {type(details) for details in DETAILS.values()}
    missing = [f"{each.__name__}: no check has it" for each in get_args(Details) if each not in types]
    return [*(f"Check.{check.name}: no details" for check in Check if check not in DETAILS), *missing]


def measured(of: Target, check: Check, *, failed: bool = False, **changes: Any) -> Measurement:
    """A measurement with all of the check's phases and details, or one that failed in the last phase."""
    kind = CHECKS[check]
    failure = Failure(phase=kind.phases[-1], reason=Reason.TIMED_OUT, detail=changes.pop("detail", ""))
    complete = {
        "started_at_s": NOW_S,
        "address": of.host,
        "phases_s": dict.fromkeys(kind.phases[:-1] if failed else kind.phases, 0.002),
        "timestamps": Timestamps.KERNEL,
        "failure": failure if failed else None,
        "details": DETAILS.get(check) if not failed else _UNANSWERED if kind.mode else None,
    }
    return Measurement(target=of, check=check, **{**complete, **changes})
