"""Whether all addresses present the same certificate."""

from collections import Counter
from collections.abc import Iterable

from probe.model.evidence import Evidence
from probe.model.measurements import TlsDetails
from probe.model.targets import Role, Target
from probe.model.verdicts import KmsStep, Level, Remedy, Scope
from probe.requirements.declare import Finding, met, not_applicable, requirement, unknown, violated
from probe.requirements.evidence.targets import common_subject, tls_targets
from probe.requirements.kms_errors import path as path_errors

_MAX_SHOWN = 5


@requirement(
    level=Level.RISK,
    scope=Scope.HANDSHAKE,
    step=KmsStep.TLS,
    errors=path_errors.AT_TIMES_TLS,
    source=path_errors.TROUBLESHOOTING,
    remedy=Remedy(text="Install the same certificate and chain on every target, and renew them together."),
)
def same_certificate_everywhere(evidence: Evidence) -> Iterable[Finding]:
    """Every node and every target presents the same certificate.

    KMS may connect to any of them. If a renewal misses one of them, some requests fail as soon as its old
    certificate has expired.
    """
    leaves = {target: _leaf_sha256(measurement) for target, measurement in _addresses(evidence)}
    targets = tuple(leaves)
    if not targets:
        return
    presented = {target.name: sha256 for target, sha256 in leaves.items() if sha256}
    subject = common_subject(targets)
    missing = [target.name for target, sha256 in leaves.items() if not sha256]
    if len(presented) > 1 and len(set(presented.values())) > 1:
        yield violated(_differences(presented), subject)
    elif len(leaves) > 1 and missing:
        yield unknown(f"no certificate yet from {_names(missing)}", subject)
    elif len(presented) > 1:
        yield met(f"{len(presented)} addresses present {_short(next(iter(presented.values())))}", subject)
    else:
        yield not_applicable("there is only one address", subject)


def _addresses(evidence: Evidence) -> Iterable[tuple[Target, object]]:
    """Nodes and backends; only without any, the proxy's own name, which otherwise leads to one of them."""
    each = [(target, m.details if m else None) for target, m in tls_targets(evidence)]
    behind = [pair for pair in each if pair[0].role is not Role.PROXY]
    return behind or each


def _leaf_sha256(details: object) -> str:
    return details.chain[0].sha256 if isinstance(details, TlsDetails) and details.chain else ""


def _differences(presented: dict[str, str]) -> str:
    usual, count = Counter(presented.values()).most_common(1)[0]
    others = [f"{name} presents {_short(sha256)}" for name, sha256 in presented.items() if sha256 != usual]
    return f"{count} of {len(presented)} present {_short(usual)}; " + _names(others)


def _names(names: list[str]) -> str:
    more = f" and {len(names) - _MAX_SHOWN} more" if len(names) > _MAX_SHOWN else ""
    return ", ".join(names[:_MAX_SHOWN]) + more


def _short(sha256: str) -> str:
    return f"SHA-256 {sha256[:16]}…"
