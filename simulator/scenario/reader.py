"""A YAML document becomes a Scenario; every mistake is found at once and named by its path."""

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from simulator.faults import (
    ANSWER,
    BACKEND_FAULTS,
    CERTIFICATE,
    HANDSHAKE,
    HOST_FAULTS,
    NODE_FAULTS,
    REACHABILITY,
    Fault,
)
from simulator.scenario.aws_section import AccountSection, read_section
from simulator.scenario.dns_records import fault_of
from simulator.scenario.scenario import Backend, Delay, Host, Node, Record, Scenario, ScenarioError
from simulator.scenario.xks_settings import read_proxy

_T = TypeVar("_T")
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(us|ms|s)", re.ASCII)
_UNIT_S = {"us": 1e-6, "ms": 1e-3, "s": 1.0}
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,126}[A-Za-z0-9])?", re.ASCII)
_SHARES = ("loss", "duplicate", "reorder")
_DELAY_KEYS = ("rtt", "jitter", *_SHARES)
_TOP_KEYS = (
    *("description", "key_store", "private_dns_name", "uri_path_prefix", "proxy"),
    *("fault", "certificate", "answer"),
    *("regions", "nodes", "backends", "key_managers", "name_servers", "zones", "records", "expect"),
    "account",
)
MOST_HOSTS = 250  # of one kind: each kind has a /24 of its own


def read_scenario(name: str, document: object) -> Scenario:
    """The scenario in a parsed YAML document.

    Raises:
        ScenarioError: with every mistake at once.
    """
    reader = _Reader()
    scenario = reader.scenario(name, document)
    if reader.mistakes:
        raise ScenarioError(tuple(reader.mistakes))
    return scenario


def read_records(document: object, scenario: Scenario) -> tuple[Record, ...]:
    """The records in a list as a scenario's ``records`` holds them, for the name servers of ``scenario``.

    Raises:
        ScenarioError: with every mistake at once.
    """
    reader = _Reader()
    records = reader.records({"records": document}, scenario.name_servers)
    if reader.mistakes:
        raise ScenarioError(tuple(reader.mistakes))
    return records


def read_account(section: object) -> AccountSection:
    """The value of a scenario's ``account``.

    Raises:
        ScenarioError: with every mistake at once.
    """
    reader = _Reader()
    account = reader.account(section)
    if reader.mistakes:
        raise ScenarioError(tuple(reader.mistakes))
    return account


class _Reader:
    """Collects mistakes and goes on with a stand-in value, so that one run finds them all."""

    def __init__(self) -> None:
        self.mistakes: list[str] = []

    def scenario(self, name: str, document: object) -> Scenario:
        top = self._mapping("scenario", document, _TOP_KEYS)
        backends = self._list("backends", top, lambda path, item: self._backend(path, item, top))
        name_servers = self._list("name_servers", top, self._host)
        scenario = Scenario(
            name=name,
            description=self._text("description", top.get("description", "")),
            key_store=self._text("key_store", top.get("key_store", Scenario(name="").key_store)),
            private_dns_name=self._name(
                "private_dns_name", top.get("private_dns_name", Scenario(name="").private_dns_name)
            ),
            uri_path_prefix=self._text("uri_path_prefix", top.get("uri_path_prefix", "")),
            proxy=read_proxy(top.get("proxy", {}), self._note),
            regions=self._regions(top),
            backends=backends,
            nodes=self._list("nodes", top, lambda path, item: self._node(path, item, backends)),
            key_managers=self._list("key_managers", top, self._host),
            name_servers=name_servers,
            zones=self._texts("zones", top.get("zones", list(Scenario(name="").zones))),
            records=self.records(top, name_servers),
            expect=self._mapping("expect", top.get("expect", {}), None),
            account=self.account(top["account"]) if "account" in top else None,
            document=top,
        )
        self._names_are_unique(scenario)
        if scenario.account is not None and not scenario.nodes:
            self._note("account", "give the scenario nodes: an account has a load balancer")
        return scenario

    def account(self, value: object) -> AccountSection:
        return read_section(value, self._note, self._duration)

    def records(self, top: Mapping[str, Any], servers: tuple[Host, ...]) -> tuple[Record, ...]:
        known = tuple(host.name for host in servers)
        return self._list("records", top, lambda path, item: self._record(path, item, known))

    def _regions(self, top: Mapping[str, Any]) -> tuple[Host, ...]:
        regions = self._mapping("regions", top.get("regions", {}), None)
        self._fits("regions", len(regions))
        return tuple(self._region(f"regions.{name}", name, value) for name, value in regions.items())

    def _region(self, path: str, name: object, value: object) -> Host:
        item = {"rtt": value} if isinstance(value, str) else value
        return self._host(path, {"name": name, **self._mapping(path, item, None)})

    def _host(self, path: str, value: object) -> Host:
        item = self._mapping(path, value, ("name", "fault", "address", *_DELAY_KEYS))
        return Host(
            name=self._name(f"{path}.name", item.get("name")),
            delay=self._delay(path, item),
            fault=self._fault(f"{path}.fault", item.get("fault", "alive"), HOST_FAULTS),
            address=self._address(f"{path}.address", item.get("address")),
        )

    def _node(self, path: str, value: object, backends: tuple[Backend, ...]) -> Node:
        keys = ("name", "zone", "address", "dead", "backends", "cross_zone", *_DELAY_KEYS)
        item = self._mapping(path, value, keys)
        zone = self._text(f"{path}.zone", item.get("zone", ""))
        cross_zone = self._flag(f"{path}.cross_zone", item.get("cross_zone", False))
        dead = self._flag(f"{path}.dead", item.get("dead", False))
        registered = [b.name for b in backends if cross_zone or b.zone == zone]
        return Node(
            name=self._name(f"{path}.name", item.get("name")),
            zone=zone,
            backends=self._known(f"{path}.backends", item.get("backends", registered), backends),
            delay=self._delay(path, item) if "rtt" in item else None,
            fault=NODE_FAULTS[dead],
            address=self._address(f"{path}.address", item.get("address")),
        )

    def _known(self, path: str, value: object, backends: tuple[Backend, ...]) -> tuple[str, ...]:
        known = {backend.name for backend in backends}
        names = self._texts(path, value)
        for index, name in enumerate(names):
            if name not in known:
                self._note(f"{path}[{index}]", f"{name!r} is not among the backends")
        return names

    def _backend(self, path: str, value: object, top: Mapping[str, Any]) -> Backend:
        keys = ("name", "zone", "fault", "certificate", "answer", "address", *_DELAY_KEYS)
        item = self._mapping(path, value, keys)
        fault = self._fault(f"{path}.fault", item.get("fault", top.get("fault", "alive")), BACKEND_FAULTS)
        certificate = item.get("certificate", top.get("certificate", "good"))
        shown = self._fault(f"{path}.certificate", certificate, CERTIFICATE)
        said = self._fault(f"{path}.answer", item.get("answer", top.get("answer", "healthy")), ANSWER)
        return Backend(
            name=self._name(f"{path}.name", item.get("name")),
            zone=self._text(f"{path}.zone", item.get("zone", "")),
            delay=self._delay(path, item),
            fault=fault if fault in REACHABILITY else Fault.ALIVE,
            handshake=fault if fault in HANDSHAKE else Fault.TLS_GOOD,
            certificate=fault if fault in CERTIFICATE else shown,
            answer=fault if fault in ANSWER else said,
            address=self._address(f"{path}.address", item.get("address")),
        )

    def _record(self, path: str, value: object, known: tuple[str, ...]) -> Record:
        keys = ("name", "type", "answers", "ttl", "rcode", "silent", "servers", "delay", "truncated")
        item = self._mapping(path, value, keys)
        ttl_s = item.get("ttl", 300)
        if not isinstance(ttl_s, int) or isinstance(ttl_s, bool) or not 0 <= ttl_s < 2**31:
            self._note(f"{path}.ttl", "write whole seconds, such as 300")
            ttl_s = 300
        rcode = self._text(f"{path}.rcode", item.get("rcode", "NOERROR"))
        if rcode not in {"NOERROR", "NXDOMAIN", "SERVFAIL", "REFUSED"}:
            self._note(f"{path}.rcode", "write NOERROR, NXDOMAIN, SERVFAIL or REFUSED")
        record = Record(
            name=self._text(f"{path}.name", item.get("name", "")).rstrip(".").lower(),
            record_type=self._text(f"{path}.type", item.get("type", "A")).upper(),
            answers=self._texts(f"{path}.answers", item.get("answers", [])),
            ttl_s=ttl_s,
            rcode=rcode,
            silent=self._flag(f"{path}.silent", item.get("silent", False)),
            servers=self._texts(f"{path}.servers", item.get("servers", [])),
            delay_s=self._duration(f"{path}.delay", item.get("delay", "0ms")),
            is_truncated=self._flag(f"{path}.truncated", item.get("truncated", False)),
        )
        for name in record.servers:
            if name not in known:
                self._note(f"{path}.servers", f"{name!r} is not among the name_servers")
        fault = fault_of(record)
        if fault is not None:
            self._note(f"{path}.answers", fault)
        return record

    def _delay(self, path: str, item: Mapping[str, Any]) -> Delay:
        out_s, back_s = self._two_ways(f"{path}.rtt", item.get("rtt", "0ms"))
        shares = {key: self._share(f"{path}.{key}", item.get(key, 0)) for key in _SHARES}
        jitter_s = self._duration(f"{path}.jitter", item.get("jitter", "0ms"))
        return Delay(out_s=out_s, back_s=back_s, jitter_s=jitter_s, **shares)

    def _two_ways(self, path: str, value: object) -> tuple[float, float]:
        if isinstance(value, Mapping):
            ways = self._mapping(path, value, ("out", "back"))
            way_s = [self._duration(f"{path}.{key}", ways.get(key)) for key in ("out", "back")]
            return way_s[0], way_s[1]
        half_s = self._duration(path, value) / 2
        return half_s, half_s

    def _duration(self, path: str, value: object) -> float:
        match = _DURATION.fullmatch(value) if isinstance(value, str) else None
        duration_s = float(match[1]) * _UNIT_S[match[2]] if match else -1.0
        if not 0 <= duration_s <= 60:  # noqa: PLR2004  # a minute is beyond any deadline of the agent
            self._note(path, "write a duration from 0ms to 60s with its unit, such as 35.6ms")
            return 0.0
        return duration_s

    def _share(self, path: str, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            self._note(path, "write a share from 0 to 1, such as 0.02")
            return 0.0
        return float(value)

    def _fault(self, path: str, value: object, allowed: tuple[Fault, ...]) -> Fault:
        if isinstance(value, str) and value in tuple(allowed):
            return Fault(value)
        self._note(path, f"write one of: {', '.join(allowed)}")
        return allowed[0]

    def _address(self, path: str, value: object) -> str | None:
        if value is None:
            return None
        try:
            address = ipaddress.IPv4Address(str(value))
        except ValueError:
            address = None
        if address is None or address not in ipaddress.ip_network("10.78.128.0/17"):
            self._note(path, "write an address in 10.78.128.0/17, or leave it out")
            return None
        return str(address)

    def _name(self, path: str, value: object) -> str:
        if isinstance(value, str) and _NAME.fullmatch(value):
            return value
        self._note(path, "write a name of letters, digits, '.' and '-'")
        return "x"

    def _text(self, path: str, value: object) -> str:
        if isinstance(value, str):
            return value
        self._note(path, "write a text")
        return ""

    def _texts(self, path: str, value: object) -> tuple[str, ...]:
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        self._note(path, "write a list of texts")
        return ()

    def _flag(self, path: str, value: object) -> bool:
        if not isinstance(value, bool):
            self._note(path, "write true or false")
        return value is True

    def _mapping(self, path: str, value: object, keys: tuple[str, ...] | None) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            self._note(path, "write 'key: value' pairs")
            return {}
        for key in value:
            if keys is not None and key not in keys:
                self._note(f"{path}.{key}", f"is unknown; known are: {', '.join(keys)}")
        return {str(key): item for key, item in value.items()}

    def _list(self, path: str, top: Mapping[str, Any], read: Callable[[str, object], _T]) -> tuple[_T, ...]:
        value = top.get(path, [])
        if not isinstance(value, list):
            self._note(path, "write a list")
            return ()
        self._fits(path, len(value))
        return tuple(read(f"{path}[{index}]", item) for index, item in enumerate(value))

    def _fits(self, path: str, count: int) -> None:
        if count > MOST_HOSTS:
            self._note(path, f"give at most {MOST_HOSTS}, not {count}")

    def _names_are_unique(self, scenario: Scenario) -> None:
        seen: set[str] = set()
        for group in ("regions", "nodes", "backends", "key_managers", "name_servers"):
            for host in getattr(scenario, group):
                for word in (host.name, host.address):
                    if word in seen and word not in {"x", None}:
                        self._note(group, f"{word!r} is used twice")
                    seen.add(word)

    def _note(self, path: str, what_to_do: str) -> None:
        self.mistakes.append(f"{path}: {what_to_do}")
