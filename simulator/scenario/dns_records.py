"""Records of a scenario in DNS's own form, and which hosts have a name. Pure."""

import dns.exception
import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from simulator.scenario.scenario import Record, Scenario


def host_names(scenario: Scenario) -> dict[str, str]:
    """DNS names of hosts that have one, each with the host's name."""
    regions = {f"kms.{region.name}.amazonaws.com": region.name for region in scenario.regions}
    others = (*scenario.key_managers, *scenario.name_servers)
    return regions | {f"{host.name}.example.com".lower(): host.name for host in others}


def fault_of(record: Record) -> str | None:
    """What to do if ``record`` can be no answer of its type, None if it can."""
    try:
        dns.rdatatype.from_text(record.record_type)
        if record.answers:
            rrset_of(dns.name.root, record)
    except (dns.exception.DNSException, ValueError):
        return f"write answers as a zone file has them for type {record.record_type}"
    return None


def rrset_of(name: dns.name.Name, record: Record) -> dns.rrset.RRset:
    texts = [_quoted(text) if record.record_type == "TXT" else text for text in record.answers]
    return dns.rrset.from_text_list(
        name,
        record.ttl_s,
        dns.rdataclass.IN,
        dns.rdatatype.from_text(record.record_type),
        texts,
        origin=dns.name.root,  # names in answers are whole, with a final dot or without
        relativize=False,
    )


def _quoted(text: str) -> str:
    """A TXT value in presentation form, in strings of at most 255 bytes (RFC 1035, 3.3)."""
    parts = [text[start : start + 255] for start in range(0, len(text), 255)] or [""]
    return " ".join('"' + part.replace("\\", "\\\\").replace('"', '\\"') + '"' for part in parts)
