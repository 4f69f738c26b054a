"""Parts that several JSON documents share: times, failures, certificates, summaries."""

from collections.abc import Sequence
from datetime import UTC, datetime

from probe.model.measurements import Certificate, CertificateUse, Failure, Measurement, Phase
from probe.model.statistics import Summary
from probe.model.text import clean

SCHEMA_VERSION = 1
# A DNS name has at most 253 characters, an issuer with ten attributes about 600; longer text is cut.
TEXT_LIMIT = 1024
# Certificates of large hosting providers have about 100 names; the format allows thousands.
MAX_NAMES = 256
# A document has at most 10 certificates of a chain (positions 0 to 9); verdicts consider all of them.
MAX_CERTIFICATES = 10
_NANOSECONDS = 9

Fields = dict[str, object]


def time(unix_s: float | None) -> str | None:
    """RFC 3339 in UTC to the microsecond; None for a missing time or one outside the years 1 to 9999.

    >>> time(0.25)
    '1970-01-01T00:00:00.250000Z'
    """
    if unix_s is None:
        return None
    try:
        return datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")
    except (OverflowError, ValueError, OSError):
        return None


def seconds(value_s: float | None) -> float | None:
    """A duration rounded to the nanosecond, the resolution of the clocks.

    >>> seconds(0.1 + 0.2)
    0.3
    """
    return None if value_s is None else round(value_s, _NANOSECONDS)


def text(value: str | None) -> str | None:
    """Untrusted text, made printable and cut: JSON documents are read on terminals too."""
    return None if value is None else clean(value, TEXT_LIMIT)


def failure(value: Failure | None) -> Fields | None:
    """``{phase, reason, detail}``, or None."""
    if value is None:
        return None
    return {"phase": value.phase.value, "reason": value.reason.value, "detail": text(value.detail)}


def timestamps(measurement: Measurement) -> str | None:
    """The source of the timestamps; None for an unanswered probe."""
    return measurement.timestamps.value if measurement.timestamps else None


def phases(measurement: Measurement, wanted: tuple[Phase, ...]) -> Fields:
    """All phases in ``wanted``; None for a phase that was not completed."""
    return {phase.value: seconds(measurement.phases_s.get(phase)) for phase in wanted}


def rtt(summary: Summary) -> Fields:
    """Always an object; a member is None if there are too few samples."""
    return {
        "min": seconds(summary.min_s),
        "median": seconds(summary.median_s),
        "p95": seconds(summary.p95_s),
        "p99": seconds(summary.p99_s),
    }


def interval(bounds_s: tuple[float, float] | None) -> list[float | None] | None:
    """``[low, high]`` in seconds, or None."""
    return None if bounds_s is None else [seconds(bound) for bound in bounds_s]


def certificates(chain: Sequence[Certificate]) -> list[Fields]:
    """The first ten in the order sent, the leaf first."""
    return [certificate(each) for each in chain[:MAX_CERTIFICATES]]


def certificate(value: Certificate) -> Fields:
    """One certificate; None for parts that could not be read."""
    return {
        "position": value.position,
        "subject_common_name": text(value.subject_common_name),
        "dns_names": _texts(value.dns_names),
        "issuer": text(value.issuer),
        "not_before": time(value.not_before_s),
        "not_after": time(value.not_after_s),
        "serial": text(value.serial),
        "sha256": text(value.sha256),
        "key": text(value.key),
        "public_key_bits": value.public_key_bits,
        "extended_key_usage": _texts(value.use.extended_key_usage),
        "key_usage": _texts(value.use.key_usage),
        "name_constraints": _name_constraints(value.use),
        "critical_unknown": _texts(value.use.critical_unknown),
    }


def _name_constraints(use: CertificateUse) -> Fields | None:
    permitted, excluded = _texts(use.permitted_names), _texts(use.excluded_names)
    return {"permitted": permitted, "excluded": excluded} if permitted or excluded else None


def _texts(values: Sequence[str]) -> list[str]:
    return [clean(each, TEXT_LIMIT) for each in values[:MAX_NAMES]]
