"""Reads the hosts of a scenario file; each kind's row in `kinds` defines its format."""

import ipaddress
from collections.abc import Callable, Mapping
from typing import Any

from simulator.faults import ANSWER, CERTIFICATE, HANDSHAKE, REACHABILITY, Fault
from simulator.scenario.fields import NO_NAME, Fields
from simulator.scenario.kinds import KINDS, HostKind
from simulator.scenario.scenario import AnyHost, Backend, Delay, Host, Node

_SHARES = ("loss", "duplicate", "reorder")
_DELAY_KEYS = ("rtt", "jitter", *_SHARES)
_ADDRESSES = ipaddress.ip_network("10.78.128.0/17")  # `addressing` assigns the other half


Hosts = dict[str, tuple[Any, ...]]
_Read = Callable[[HostKind, str, object], AnyHost]


def read_hosts(top: Mapping[str, Any], fields: Fields) -> Hosts:
    """The hosts in a scenario's document, by the key of their kind."""
    reader = _Reader(top, fields)
    for kind in KINDS:
        reader.hosts[kind.key] = reader.of_kind(kind)
    _note_duplicates(reader.hosts, fields)
    return reader.hosts


def _note_duplicates(hosts: Hosts, fields: Fields) -> None:
    used: set[str] = set()
    for key, host in ((key, host) for key, of_kind in hosts.items() for host in of_kind):
        for value in (host.name, host.address):
            if value in used and value not in {NO_NAME, None}:
                fields.note(key, f"{value!r} is used twice")
            used.add(value)


class _Reader:
    """``hosts`` has the hosts read so far, by kind."""

    def __init__(self, top: Mapping[str, Any], fields: Fields) -> None:
        self.hosts: Hosts = {}
        self._top = top
        self._fields = fields

    def of_kind(self, kind: HostKind) -> tuple[AnyHost, ...]:
        readers: Mapping[type[AnyHost], _Read] = {
            Host: self._host,
            Node: self._node,
            Backend: self._backend,
        }
        read = readers[kind.holds]
        if not kind.is_by_name:
            listed = self._top.get(kind.key, [])
            return self._fields.items(kind.key, listed, lambda path, item: read(kind, path, item))
        named = self._fields.mapping(kind.key, self._top.get(kind.key, {}))
        self._fields.fits(kind.key, len(named))
        return tuple(
            read(kind, path, self._with_name(path, name, value))
            for name, value in named.items()
            for path in (f"{kind.key}.{name}",)
        )

    def _with_name(self, path: str, name: str, value: object) -> dict[str, Any]:
        """``NAME: 9ms`` is short for ``NAME: {rtt: 9ms}``."""
        item = {"rtt": value} if isinstance(value, str) else value
        return {"name": name, **self._fields.mapping(path, item)}

    def _host(self, kind: HostKind, path: str, value: object) -> Host:
        fields = self._fields
        item = fields.mapping(path, value, ("name", "fault", "address", *_DELAY_KEYS))
        return Host(
            name=fields.name(f"{path}.name", item.get("name")),
            delay=self._delay(path, item),
            fault=fields.one_of(f"{path}.fault", item.get("fault", "alive"), kind.faults),
            address=self._address(f"{path}.address", item.get("address")),
        )

    def _node(self, _: HostKind, path: str, value: object) -> Node:
        fields = self._fields
        keys = ("name", "zone", "address", "dead", "backends", "cross_zone", *_DELAY_KEYS)
        item = fields.mapping(path, value, keys)
        zone = fields.text(f"{path}.zone", item.get("zone", ""))
        cross_zone = fields.flag(f"{path}.cross_zone", item.get("cross_zone", False))
        is_dead = fields.flag(f"{path}.dead", item.get("dead", False))
        registered = [each.name for each in self.hosts["backends"] if cross_zone or each.zone == zone]
        return Node(
            name=fields.name(f"{path}.name", item.get("name")),
            zone=zone,
            backends=self._known_backends(f"{path}.backends", item.get("backends", registered)),
            delay=self._delay(path, item) if "rtt" in item else None,
            fault=Fault.DEAD if is_dead else Fault.ALIVE,
            address=self._address(f"{path}.address", item.get("address")),
        )

    def _known_backends(self, path: str, value: object) -> tuple[str, ...]:
        known = {backend.name for backend in self.hosts["backends"]}
        names = self._fields.texts(path, value)
        for index, name in enumerate(names):
            if name not in known:
                self._fields.note(f"{path}[{index}]", f"{name!r} is not among the backends")
        return names

    def _backend(self, kind: HostKind, path: str, value: object) -> Backend:
        fields = self._fields
        item = fields.mapping(
            path, value, ("name", "zone", "fault", "certificate", "answer", "address", *_DELAY_KEYS)
        )

        def fault_of(key: str, default: Fault, allowed: tuple[Fault, ...]) -> Fault:
            return fields.one_of(f"{path}.{key}", item.get(key, self._top.get(key, default)), allowed)

        fault = fault_of("fault", Fault.ALIVE, kind.faults)
        certificate = fault_of("certificate", Fault.GOOD, CERTIFICATE)
        answer = fault_of("answer", Fault.HEALTHY, ANSWER)
        return Backend(
            name=fields.name(f"{path}.name", item.get("name")),
            zone=fields.text(f"{path}.zone", item.get("zone", "")),
            delay=self._delay(path, item),
            fault=fault if fault in REACHABILITY else Fault.ALIVE,
            handshake=fault if fault in HANDSHAKE else Fault.TLS_GOOD,
            certificate=fault if fault in CERTIFICATE else certificate,
            answer=fault if fault in ANSWER else answer,
            address=self._address(f"{path}.address", item.get("address")),
        )

    def _delay(self, path: str, item: Mapping[str, Any]) -> Delay:
        out_s, back_s = self._one_way_s(f"{path}.rtt", item.get("rtt", "0ms"))
        shares = {key: self._fields.share(f"{path}.{key}", item.get(key, 0)) for key in _SHARES}
        jitter_s = self._fields.duration_s(f"{path}.jitter", item.get("jitter", "0ms"))
        return Delay(out_s=out_s, back_s=back_s, jitter_s=jitter_s, **shares)

    def _one_way_s(self, path: str, value: object) -> tuple[float, float]:
        if isinstance(value, Mapping):
            directions = self._fields.mapping(path, value, ("out", "back"))
            out_s = self._fields.duration_s(f"{path}.out", directions.get("out"))
            return out_s, self._fields.duration_s(f"{path}.back", directions.get("back"))
        half_s = self._fields.duration_s(path, value) / 2
        return half_s, half_s

    def _address(self, path: str, value: object) -> str | None:
        if value is None:
            return None
        try:
            address = ipaddress.IPv4Address(str(value))
        except ValueError:
            address = None
        if address is None or address not in _ADDRESSES:
            self._fields.note(path, f"write an address in {_ADDRESSES}, or leave it out")
            return None
        return str(address)
