"""Properties of a target's state."""

from support.reports.exporter_inputs import NOW_S, target

from exporters.web.snapshot import Attempt, TargetState
from probe.model.measurements import Failure, Phase, Reason
from probe.model.targets import Check

FAILURE = Failure(phase=Phase.CONNECT, reason=Reason.REFUSED)


def test_a_failure_is_current_until_the_same_check_succeeds() -> None:
    failed = Attempt(check=Check.TLS, at_s=NOW_S, failure=FAILURE)
    fine = Attempt(check=Check.TCP, at_s=NOW_S, address="10.0.0.1")
    state = TargetState(
        target=target(), attempts={Check.TLS: failed, Check.TCP: fine}, failures={Check.TLS: failed}
    )
    assert state.current_failures == (failed,)
    assert state.last_failure == failed
    assert state.address == "10.0.0.1"


def test_the_last_failure_is_the_latest_of_all_checks() -> None:
    older = Attempt(check=Check.TLS, at_s=NOW_S - 5, failure=FAILURE)
    newer = Attempt(check=Check.TCP, at_s=NOW_S, failure=FAILURE)
    state = TargetState(target=target(), failures={Check.TLS: older, Check.TCP: newer})
    assert state.last_failure == newer


def test_without_measurements_there_is_no_failure_and_no_address() -> None:
    state = TargetState(target=target())
    assert (state.current_failures, state.last_failure, state.address) == ((), None, None)
