"""Measurements: their round-trip times, and the enum values used in labels and documents."""

from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest
from support.evidence import issue, sent

from probe.model.measurements import (
    EchoBatch,
    EchoOutcome,
    Failure,
    Measurement,
    Phase,
    Reason,
    Timestamps,
)
from probe.model.targets import Check, Method, Role, Target

TARGET = Target(name="node", role=Role.NODE, host="10.0.0.5")
ALL_PHASES_S = {phase: 0.001 * number for number, phase in enumerate(Phase, 1)}
LOST = Failure(phase=Phase.CONNECT, reason=Reason.PACKET_LOST)


def measured(check: Check, **more: Any) -> Measurement:
    return Measurement(target=TARGET, check=check, started_at_s=0.0, **more)


@pytest.mark.parametrize("check", Check)
def test_only_pings_and_tcp_connects_have_a_round_trip_time(check: Check) -> None:
    got = measured(check, phases_s=ALL_PHASES_S)

    phase = {Check.ICMP: Phase.ECHO, Check.TCP: Phase.CONNECT}.get(check)
    assert got.rtt_s == (ALL_PHASES_S[phase] if phase else None)
    assert got.method == {Check.ICMP: Method.ICMP, Check.TCP: Method.TCP}.get(check)


@pytest.mark.parametrize("check", [Check.ICMP, Check.TCP])
def test_a_failed_measurement_has_no_round_trip_time_even_if_phases_completed(check: Check) -> None:
    assert measured(check, phases_s=ALL_PHASES_S, failure=LOST).rtt_s is None


def test_a_measurement_without_a_reply_has_none_instead_of_a_sentinel() -> None:
    got = measured(Check.TCP, failure=LOST)
    assert (got.rtt_s, got.address, got.timestamps, got.details, got.phases_s) == (None, None, None, None, {})


def test_measurements_are_immutable() -> None:
    got: Any = measured(Check.TCP)
    with pytest.raises(FrozenInstanceError):
        got.failure = LOST
    assert replace(got, failure=LOST) != got


@pytest.mark.parametrize(
    ("names", "most_specific"), [((), None), (("one",), "one"), (("first", "last"), "last")]
)
def test_the_common_name_of_a_certificate_is_its_last_one(names: Any, most_specific: str | None) -> None:
    (certificate,) = sent(issue(*names))
    assert certificate.subject_common_name == most_specific


def test_the_repr_of_a_certificate_does_not_contain_its_der_bytes() -> None:
    (certificate,) = sent(issue("one"))
    assert certificate.der
    assert "der=" not in repr(certificate)


@pytest.mark.parametrize("length", [0, 1, 3])
def test_the_length_of_a_batch_is_the_length_of_its_columns(length: int) -> None:
    batch = EchoBatch(indexes=list(range(length)), outcomes=[EchoOutcome.ANSWERED] * length)
    assert (len(batch), bool(batch)) == (length, length > 0)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (Phase, "resolve connect handshake send wait receive echo"),
        (Timestamps, "kernel kernel-rx user"),
        (
            Reason,
            """timed_out refused unreachable reset closed name_not_found server_failure protocol_error
            not_permitted over_limit packet_lost packet_too_big hop_limit_exceeded""",
        ),
    ],
)
def test_enum_values_used_in_labels_and_documents_are_stable(values: Any, expected: str) -> None:
    assert [str(value) for value in values] == expected.split()
