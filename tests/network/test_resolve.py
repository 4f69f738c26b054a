"""Resolution of names: address, hosts file, then DNS servers in order."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.network.fakes import FakeClock

from probe.model.measurements import DnsDetails, Failure, Phase, Reason, Timestamps
from probe.network import DnsResponse, ExchangeFailed, Network
from probe.network.failures import fail
from probe.network.resolve import ResolvConf, read_hosts, read_resolv_conf, resolve_by_dns

HOSTS = "127.0.0.1 localhost # loop\n::1 proxy\n10.0.0.5\tproxy.example.com Proxy\n"


def answering(*texts: str, rcode: str = "NOERROR", failure: Failure | None = None) -> DnsResponse:
    details = DnsDetails(server="s", name="n", record_type="A", view="resolver", rcode=rcode, answers=texts)
    return DnsResponse(details=details, wait_s=0.001, timestamps=Timestamps.KERNEL, failure=failure)


NOT_FOUND = answering(
    rcode="NXDOMAIN", failure=Failure(phase=Phase.WAIT, reason=Reason.NAME_NOT_FOUND, detail="rcode NXDOMAIN")
)


class Servers:
    """Responses by (server, name); without one, the server does not respond. Records the queries."""

    def __init__(self, answers: Any) -> None:
        self.answers = answers
        self.queries = []

    async def ask(self, server: Any, question: Any, timeout_s: float) -> DnsResponse:
        self.queries.append((server, question.name))
        if (server, question.name) not in self.answers:
            raise fail(Phase.WAIT, Reason.TIMED_OUT)
        return self.answers[server, question.name]


async def resolved(servers: Any, host: str, *, search: Any = ()) -> str:
    conf = ResolvConf(servers=("a", "b"), search=search)
    return await resolve_by_dns(host, conf, servers.ask, clock=FakeClock(), timeout_s=1.0)


async def test_an_address_is_unchanged_and_a_host_is_found_in_the_hosts_file(tmp_path: Any) -> None:
    (tmp_path / "hosts").write_text(HOSTS)
    network = Network(hosts_file=str(tmp_path / "hosts"))
    assert await network.resolve("192.0.2.9") == "192.0.2.9"
    assert await network.resolve("PROXY.example.com.") == "10.0.0.5"
    network.close()


async def test_without_a_name_server_a_name_is_not_found(tmp_path: Any) -> None:
    network = Network(hosts_file=str(tmp_path / "none"), resolv_conf=str(tmp_path / "none"))
    with pytest.raises(ExchangeFailed) as caught:
        await network.resolve("proxy.example.com")
    network.close()
    assert (caught.value.failure.phase, caught.value.failure.reason) == (Phase.RESOLVE, Reason.NAME_NOT_FOUND)


@given(st.text(max_size=200), st.text(max_size=20))
def test_any_text_is_read_without_an_exception(text: str, host: str) -> None:
    read_hosts(text, host)
    read_resolv_conf(text)


def test_resolv_conf_has_ipv4_servers_and_a_search_list() -> None:
    text = "; comment\nnameserver 10.0.0.2\nnameserver fe80::1\nnameserver 10.0.0.3\nsearch a.example b.example\n"
    assert read_resolv_conf(text) == ResolvConf(
        servers=("10.0.0.2", "10.0.0.3"), search=("a.example", "b.example")
    )


async def test_if_a_server_does_not_respond_the_next_one_is_queried() -> None:
    servers = Servers({("b", "proxy.example.com"): answering("10.0.0.9")})
    assert await resolved(servers, "proxy.example.com") == "10.0.0.9"
    assert [server for server, _ in servers.queries] == ["a", "b"]


async def test_a_short_name_uses_the_search_list() -> None:
    servers = Servers({("a", "proxy.corp"): NOT_FOUND, ("a", "proxy.example"): answering("10.0.0.9")})
    assert await resolved(servers, "proxy", search=("corp", "example")) == "10.0.0.9"


async def test_a_nonexistent_name_is_queried_once() -> None:
    servers = Servers({("a", "proxy.example.com"): NOT_FOUND})
    with pytest.raises(ExchangeFailed) as caught:
        await resolved(servers, "proxy.example.com")
    assert (caught.value.failure.phase, caught.value.failure.reason) == (Phase.RESOLVE, Reason.NAME_NOT_FOUND)
    assert len(servers.queries) == 1


async def test_without_any_response_the_resolve_phase_times_out() -> None:
    servers = Servers({})
    with pytest.raises(ExchangeFailed) as caught:
        await resolved(servers, "proxy.example.com")
    assert (caught.value.failure.phase, caught.value.failure.reason) == (Phase.RESOLVE, Reason.TIMED_OUT)
    assert len(servers.queries) == 4  # each server is queried twice


async def test_a_name_without_an_ipv4_address_is_not_found() -> None:
    servers = Servers({("a", "proxy.example.com"): answering()})
    with pytest.raises(ExchangeFailed) as caught:
        await resolved(servers, "proxy.example.com")
    assert caught.value.failure.reason is Reason.NAME_NOT_FOUND
