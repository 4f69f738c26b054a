"""The results of `ping`: one line per ping, and the values for the exit status and the summary."""

import json
from pathlib import Path

import pytest

from probe.commands import output
from probe.commands.ping_results import PingPlan, Results, adding_echoes
from probe.model.measurements import EchoBatch, EchoOutcome, Reason, Timestamps
from probe.model.targets import Role, Target

HOSTS = ("192.0.2.1", "192.0.2.2")
PLAN = PingPlan(
    targets=tuple(Target(name=host, role=Role.PROXY, host=host, port=443) for host in HOSTS),
    count=1,
    interval_s=1.0,
    timeout_s=1.0,
    source=None,
)
ONE_ANSWERED_ONE_LATE_ONE_LOST = EchoBatch(
    indexes=(0, 1, 1),
    sequences=(1, 2, 3),
    sent_ns=(1, 2, 3),
    rtt_ns=(34_000_000, 9_000_000, -1),
    stamps=(Timestamps.KERNEL, Timestamps.KERNEL, None),
    outcomes=(EchoOutcome.ANSWERED, EchoOutcome.LATE, EchoOutcome.TIMED_OUT),
    reasons=(None, None, Reason.TIMED_OUT),
    identifier=7,
    addresses=HOSTS,
)


@pytest.mark.parametrize("form", output.Format)
def test_each_completed_ping_has_one_line_and_a_late_reply_has_none(
    form: output.Format, tmp_path: Path
) -> None:
    file = tmp_path / "out"
    with output.lines(file) as lines:
        results = Results(PLAN, lines, form)
        adding_echoes(PLAN.targets, HOSTS, results)(ONE_ANSWERED_ONE_LATE_ONE_LOST)

    written = file.read_text().splitlines()
    assert len(written) == 2
    assert not results.all_answered()
    if form is output.Format.JSON:
        assert [json.loads(line)["rtt_seconds"] for line in written] == [0.034, None]
    else:
        assert results.rtts_s == {HOSTS[0]: [0.034], HOSTS[1]: [None]}
