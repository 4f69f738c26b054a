"""The DNS records of a scenario: read from its file, and converted to DNS resource records. Pure."""

from collections.abc import Collection

import dns.exception
import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from simulator.scenario.fields import Fields
from simulator.scenario.scenario import Record

_KEYS = ("name", "type", "answers", "ttl", "rcode", "silent", "servers", "delay", "truncated")
_RCODES = ("NOERROR", "NXDOMAIN", "SERVFAIL", "REFUSED")
_DEFAULT_TTL_S = 300


def read_records(value: object, servers: Collection[str], fields: Fields) -> tuple[Record, ...]:
    """Read the records in a scenario file; ``servers`` are the names of its name servers."""

    def read(path: str, item: object) -> Record:
        record = _record(path, item, fields)
        for name in record.servers:
            if name not in servers:
                fields.note(f"{path}.servers", f"{name!r} is not among the name_servers")
        fault = fault_of(record)
        if fault is not None:
            fields.note(f"{path}.answers", fault)
        return record

    return fields.items("records", value, read)


def _record(path: str, value: object, fields: Fields) -> Record:
    item = fields.mapping(path, value, _KEYS)
    return Record(
        name=fields.text(f"{path}.name", item.get("name", "")).rstrip(".").lower(),
        record_type=fields.text(f"{path}.type", item.get("type", "A")).upper(),
        answers=fields.texts(f"{path}.answers", item.get("answers", [])),
        ttl_s=_ttl_s(f"{path}.ttl", item.get("ttl", _DEFAULT_TTL_S), fields),
        rcode=fields.one_of(f"{path}.rcode", item.get("rcode", "NOERROR"), _RCODES),
        silent=fields.flag(f"{path}.silent", item.get("silent", False)),
        servers=fields.texts(f"{path}.servers", item.get("servers", [])),
        delay_s=fields.duration_s(f"{path}.delay", item.get("delay", "0ms")),
        is_truncated=fields.flag(f"{path}.truncated", item.get("truncated", False)),
    )


def _ttl_s(path: str, value: object, fields: Fields) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31:
        return value
    fields.note(path, "write whole seconds, such as 300")
    return _DEFAULT_TTL_S


def fault_of(record: Record) -> str | None:
    """What to change if the answers of ``record`` do not fit its type; None if they do."""
    try:
        dns.rdatatype.from_text(record.record_type)
        if record.answers:
            rrset_of(dns.name.root, record)
    except (dns.exception.DNSException, ValueError):
        return f"write answers in zone file format for type {record.record_type}"
    return None


def rrset_of(name: dns.name.Name, record: Record) -> dns.rrset.RRset:
    texts = [_quoted(text) if record.record_type == "TXT" else text for text in record.answers]
    return dns.rrset.from_text_list(
        name,
        record.ttl_s,
        dns.rdataclass.IN,
        dns.rdatatype.from_text(record.record_type),
        texts,
        origin=dns.name.root,  # names in answers are fully qualified, with or without a final dot
        relativize=False,
    )


def _quoted(text: str) -> str:
    """A TXT value in presentation form, in strings of at most 255 bytes (RFC 1035, 3.3)."""
    parts = [text[start : start + 255] for start in range(0, len(text), 255)] or [""]
    return " ".join('"' + part.replace("\\", "\\\\").replace('"', '\\"') + '"' for part in parts)
