"""The doctor reports what it measured and how to fix it, without guessing."""

from types import SimpleNamespace

import pytest

from probe import aws, doctor
from probe.doctor import State
from probe.model.measurements import EchoBatch, EchoOutcome, Timestamps


def engine(mode: str | None, stamp: Timestamps | None = None, buffer_bytes: int = 212_992) -> object:
    """A fake echo engine; if ``stamp`` is None, 127.0.0.1 does not answer."""
    batch = EchoBatch(
        indexes=[0],
        stamps=[stamp],
        outcomes=[EchoOutcome.ANSWERED if stamp else EchoOutcome.TIMED_OUT],
    )

    def opened(_addresses: object, timeout_s: float) -> SimpleNamespace:
        assert timeout_s > 0
        return SimpleNamespace(
            mode=mode,
            why="permit it",
            receive_buffer_bytes=buffer_bytes,
            send=lambda _: None,
            drain=lambda: batch,
            close=lambda: None,
        )

    return opened


@pytest.fixture(autouse=True)
def _no_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        aws, "caller_identity", lambda: aws.Unavailable(call="sts:GetCallerIdentity", because="none")
    )


@pytest.mark.parametrize(
    ("stamp", "state"),
    [
        (Timestamps.KERNEL, State.GOOD),
        (Timestamps.KERNEL_RX, State.LIMITED),
        (Timestamps.USER, State.LIMITED),
        (None, State.UNKNOWN),
    ],
)
def test_the_timestamp_of_one_ping_decides(
    stamp: Timestamps | None, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "EchoEngine", engine("raw", stamp))
    found = {f.subject: f for f in doctor.examine()}
    assert found["ICMP echo"].state is State.GOOD
    assert found["timestamps"].state is state
    assert bool(found["timestamps"].remedy) is (state is not State.GOOD)


def test_icmp_without_permission_is_reported_with_its_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "EchoEngine", engine(None))
    found = {f.subject: f for f in doctor.examine()}
    assert (found["ICMP echo"].state, found["ICMP echo"].remedy) == (State.MISSING, "permit it")


@pytest.mark.parametrize(("size_bytes", "state"), [(1_023_999, State.LIMITED), (1_024_000, State.GOOD)])
def test_a_buffer_for_at_least_a_thousand_replies_is_sufficient(
    size_bytes: int, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "EchoEngine", engine("datagram", Timestamps.KERNEL, size_bytes))
    found = {f.subject: f for f in doctor.examine()}
    assert found["receive buffer"].state is state


def test_missing_credentials_are_unknown_and_not_ok(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "EchoEngine", engine("datagram", Timestamps.KERNEL))
    found = {f.subject: f for f in doctor.examine()}
    assert found["AWS identity"].state is State.UNKNOWN
    assert "sts:GetCallerIdentity: none" in found["AWS identity"].seen


def test_the_clock_state_is_read_from_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "EchoEngine", engine("datagram", Timestamps.KERNEL))
    found = {f.subject: f for f in doctor.examine()}
    assert found["clock"].seen in {"synchronised", "not synchronised"}
