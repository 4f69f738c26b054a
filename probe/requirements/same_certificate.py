"""Whether all addresses show the same certificate."""

from collections import Counter
from collections.abc import Iterable

from probe.model.evidence import Evidence
from probe.model.measurements import TlsDetails
from probe.model.targets import Role, Target
from probe.model.verdicts import KmsStep, Level, Remedy, Scope
from probe.requirements.declare import Finding, met, not_applicable, requirement, unknown, violated
from probe.requirements.evidence.targets import common_subject, tls_targets
from probe.requirements.kms_errors import path as path_errors

_SHOWN = 5


@requirement(
    level=Level.RISK,
    scope=Scope.HANDSHAKE,
    step=KmsStep.TLS,
    errors=path_errors.AT_TIMES_TLS,
    source=path_errors.TROUBLESHOOTING,
    remedy=Remedy(text="Install the same certificate and chain on every target, and renew them together."),
)
def same_certificate_everywhere(evidence: Evidence) -> Iterable[Finding]:
    """Every node and every target shows the same certificate.

    A connection of KMS may end at any of them. One that was left out of a renewal fails a part of the
    requests, from a day on that nobody watches.
    """
    planned = {target: _leaf_sha256(measurement) for target, measurement in _addresses(evidence)}
    targets = tuple(planned)
    if not targets:
        return
    shown = {target.name: sha256 for target, sha256 in planned.items() if sha256}
    subject = common_subject(targets)
    lacking = [target.name for target, sha256 in planned.items() if not sha256]
    if len(shown) > 1 and len(set(shown.values())) > 1:
        yield violated(_who_differs(shown), subject)
    elif len(planned) > 1 and lacking:
        yield unknown(f"no certificate yet from {_names(lacking)}", subject)
    elif len(shown) > 1:
        yield met(f"{len(shown)} addresses show {_short(next(iter(shown.values())))}", subject)
    else:
        yield not_applicable("there is one address only", subject)


def _addresses(evidence: Evidence) -> Iterable[tuple[Target, object]]:
    """Nodes and backends; the proxy's own name leads to one of them and adds nothing if there are any."""
    each = [(target, m.details if m else None) for target, m in tls_targets(evidence)]
    behind = [pair for pair in each if pair[0].role is not Role.PROXY]
    return behind or each


def _leaf_sha256(details: object) -> str:
    return details.chain[0].sha256 if isinstance(details, TlsDetails) and details.chain else ""


def _who_differs(shown: dict[str, str]) -> str:
    usual, count = Counter(shown.values()).most_common(1)[0]
    others = [f"{name} shows {_short(sha256)}" for name, sha256 in shown.items() if sha256 != usual]
    return f"{count} of {len(shown)} show {_short(usual)}; " + _names(others)


def _names(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _short(sha256: str) -> str:
    return f"SHA-256 {sha256[:16]}…"
