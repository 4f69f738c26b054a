"""Resolves names to IPv4 addresses without libc, whose resolver blocks and has no deadline."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from probe.model.measurements import Phase, Reason
from probe.model.targets import Question
from probe.network.clock import Clock, Deadline
from probe.network.failures import ExchangeFailed, fail
from probe.wire.hostport import is_ipv4

if TYPE_CHECKING:  # dnspython takes long to load
    from probe.network.dns import DnsResponse

MAX_FILE_BYTES = 1024 * 1024
_ROUNDS = 2  # each server is queried twice before the deadline, because a datagram may be lost
_SERVERS = 3  # as in libc: resolv.conf(5), MAXNS

Ask = Callable[[str, Question, float], Awaitable["DnsResponse"]]  # server, question, timeout in seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvConf:
    """The supported parts of resolv.conf(5): IPv4 servers and the search list."""

    servers: tuple[str, ...] = ()
    search: tuple[str, ...] = ()


def read_hosts(text: str, host: str) -> str | None:
    """The first IPv4 address of ``host`` in hosts(5), or None."""
    wanted = host.rstrip(".").lower()
    for line in text.splitlines():
        address, *names = line.partition("#")[0].split() or [""]
        if is_ipv4(address) and wanted in (name.lower() for name in names):
            return address
    return None


def read_resolv_conf(text: str) -> ResolvConf:
    servers: list[str] = []
    search: tuple[str, ...] = ()
    for line in text.splitlines():
        match line.split():
            case ["nameserver", address, *_] if is_ipv4(address):
                servers.append(address)
            case ["search" | "domain", *domains]:
                search = tuple(domains)
    return ResolvConf(servers=tuple(servers[:_SERVERS]), search=search)


def names_to_try(host: str, search: Sequence[str]) -> tuple[str, ...]:
    """The names to query, as in resolv.conf(5) with its default of ndots:1.

    >>> names_to_try("proxy", ["example.com"]), names_to_try("proxy.example.com", ["example.com"])
    (('proxy.example.com', 'proxy'), ('proxy.example.com', 'proxy.example.com.example.com'))
    """
    if host.endswith("."):
        return (host,)
    searched = tuple(f"{host}.{domain.strip('.')}" for domain in search if domain.strip("."))
    return (host, *searched) if "." in host else (*searched, host)


def read_file(path: str) -> str:
    """The text of a system file, at most `MAX_FILE_BYTES`; empty if the file does not exist."""
    try:
        with Path(path).open(encoding="utf-8", errors="replace") as file:
            return file.read(MAX_FILE_BYTES)
    except OSError:
        return ""


async def resolve_by_dns(host: str, conf: ResolvConf, ask: Ask, *, clock: Clock, timeout_s: float) -> str:
    """The first address of ``host``. Raises `ExchangeFailed` in phase resolve."""
    deadline = Deadline(clock, timeout_s)
    names = names_to_try(host, conf.search)
    failed = fail(Phase.RESOLVE, Reason.NAME_NOT_FOUND, "no name server is configured")
    attempts = [(name, server) for name in names for server in conf.servers * _ROUNDS]
    absent: set[str] = set()
    for number, (name, server) in enumerate(attempts):
        if name in absent:
            continue
        attempt_s = deadline.remaining_s() / (len(attempts) - number)
        try:
            return await _address(name, server, ask, attempt_s)
        except ExchangeFailed as error:
            failed = error
            if error.failure.reason is Reason.NAME_NOT_FOUND:
                absent.add(name)
    raise failed


async def _address(name: str, server: str, ask: Ask, timeout_s: float) -> str:
    try:
        answer = await ask(server, Question(name=name), timeout_s)
    except ExchangeFailed as failed:
        raise fail(Phase.RESOLVE, failed.failure.reason, f"{server}: {failed.failure.detail}") from failed
    except ValueError as error:
        raise fail(Phase.RESOLVE, Reason.NAME_NOT_FOUND, "not a valid host name") from error
    if answer.failure is not None:
        raise fail(Phase.RESOLVE, answer.failure.reason, f"{server}: {answer.failure.detail}")
    address = next((text for text in answer.details.answers if is_ipv4(text)), None)
    if address is None:
        raise fail(Phase.RESOLVE, Reason.NAME_NOT_FOUND, f"{server}: no IPv4 address for this name")
    return address
