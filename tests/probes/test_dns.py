"""A DNS query to a resolver, as a measurement."""

from dataclasses import replace
from typing import Any

from support.network.fakes import FakeNetwork, failed

from probe.model.measurements import DnsDetails, Phase, Reason, Timestamps
from probe.model.targets import Check, Question, Role, Target
from probe.network import DnsResponse
from probe.probes import measure
from probe.probes.dns import DEFAULT_QUESTION

RESOLVER = Target(name="vpc", role=Role.RESOLVER, host="10.0.0.2", question=Question(name="a.example"))


def answer(*, rcode: Any = "NOERROR", failure: Any = None) -> DnsResponse:
    details = DnsDetails(server="10.0.0.2", name="a.example", record_type="A", view="resolver", rcode=rcode)
    return DnsResponse(details=details, wait_s=0.004, timestamps=Timestamps.KERNEL, failure=failure)


async def test_a_response_has_a_wait_phase_with_kernel_timestamps() -> None:
    network = FakeNetwork(answers={"10.0.0.2": answer()})

    got = await measure(RESOLVER, Check.DNS, network, 1.0)

    assert got.phases_s == {Phase.WAIT: 0.004}
    assert (got.failure, got.timestamps, got.rtt_s) == (None, Timestamps.KERNEL, None)
    assert network.calls == [("query", "10.0.0.2", RESOLVER.question)]


async def test_a_nonexistent_name_fails_but_has_a_wait_phase() -> None:
    failure = failed(Phase.WAIT, Reason.NAME_NOT_FOUND)
    network = FakeNetwork(answers={"10.0.0.2": answer(rcode="NXDOMAIN", failure=failure)})

    got = await measure(RESOLVER, Check.DNS, network, 1.0)

    assert (got.failure, got.phases_s, got.details.rcode) == (failure, {Phase.WAIT: 0.004}, "NXDOMAIN")


async def test_without_a_question_the_default_one_is_sent() -> None:
    network = FakeNetwork(answers={"10.0.0.2": answer()})
    await measure(Target(name="r", role=Role.RESOLVER, host="10.0.0.2"), Check.DNS, network, 1.0)
    assert network.calls == [("query", "10.0.0.2", DEFAULT_QUESTION)]


async def test_a_response_discarded_by_a_clock_step_has_no_wait_phase() -> None:
    discarded = replace(answer(), wait_s=None, timestamps=None)
    got = await measure(RESOLVER, Check.DNS, FakeNetwork(answers={"10.0.0.2": discarded}), 1.0)
    assert (got.failure, got.phases_s, got.timestamps) == (None, {}, None)
