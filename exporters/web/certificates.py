"""The certificate chains that targets sent, one row per certificate."""

from dataclasses import dataclass

from exporters.web.formatting import NONE, date, span
from exporters.web.snapshot import Snapshot, TargetState
from probe.model.measurements import Certificate, TlsDetails

SHOWN_TARGETS = 50
SHOWN_CERTIFICATES = 10
_SHORT_HASH = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    position: str
    common_name: str
    issuer: str
    not_before: str
    not_after: str
    left: str
    expired: bool
    key: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """The latest chain of one target. ``note`` is set if it came from the diagnostic handshake."""

    target: str
    address: str
    server_name: str
    note: str
    rows: tuple[Row, ...]


def chains(snapshot: Snapshot) -> tuple[Chain, ...]:
    """At most 50 targets that sent a chain in their latest TLS measurement."""
    found = (_chain(state, snapshot.now_s) for state in snapshot.targets)
    return tuple(chain for chain in found if chain is not None)[:SHOWN_TARGETS]


def _chain(state: TargetState, now_s: float) -> Chain | None:
    measurement = state.tls
    if (
        measurement is None
        or not isinstance(measurement.details, TlsDetails)
        or not measurement.details.chain
    ):
        return None
    details = measurement.details
    return Chain(
        target=state.target.name,
        address=measurement.address or "",
        server_name=details.server_name or "",
        note=""
        if details.kms_handshake_succeeded
        else "from a diagnostic handshake; a handshake with KMS's parameters fails",
        rows=tuple(
            _row(number, certificate, now_s)
            for number, certificate in enumerate(details.chain[:SHOWN_CERTIFICATES])
        ),
    )


def _row(number: int, certificate: Certificate, now_s: float) -> Row:
    left_s = None if certificate.not_after_s is None else certificate.not_after_s - now_s
    bits = f" {certificate.public_key_bits}" if certificate.public_key_bits else ""
    return Row(
        position="0 leaf" if number == 0 else str(number),
        common_name=certificate.subject_common_name or NONE,
        issuer=certificate.issuer_common_name or certificate.issuer or NONE,
        not_before=date(certificate.not_before_s),
        not_after=date(certificate.not_after_s),
        left=_left(left_s),
        expired=left_s is not None and left_s < 0,
        key=f"{certificate.key}{bits}",
        sha256=certificate.sha256[:_SHORT_HASH],
    )


def _left(left_s: float | None) -> str:
    if left_s is None:
        return NONE
    return f"expired {span(-left_s)} ago" if left_s < 0 else span(left_s)
