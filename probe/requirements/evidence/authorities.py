"""The CAs that AWS lists as trusted by KMS, and their root certificates.

There are two lists of the same author: one that AWS published, and a newer one that it has not. Both have
only names and fingerprints; ``tools/authorities.py`` collected the certificates. Lists are compared by name
and key, because a root that is issued again keeps both. Of a listed CA whose certificate is not available,
only the name and the fingerprint are known; a matching name is not enough for *met*.
"""

import csv
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from probe.wire.certificate_path.anchors import Anchors, anchors_of
from probe.wire.chain import Link, NameKey, RootId, Roots, name_key_of_values, root_id_of
from probe.wire.pem import der_certificates
from probe.wire.root import read_root

AUTHORITIES_FILE = "kms_authorities.csv"
ROOTS_FILE = "kms_roots.pem"
_AS_OF = re.compile(r"^# as-of: (\S+)$", re.MULTILINE)
_PROPOSED = re.compile(r"^# proposed: (\S+)$", re.MULTILINE)
# As keytool prints a subject: `CN=X, O="Y, Inc.", C=US`; a comma inside quotes is not a separator.
_ATTRIBUTE = re.compile(
    r'(?:^|, *)(?:[A-Za-z]+|OID\.[\d.]+)=("(?:[^"\\]|\\.)*"|.*?)(?=, *(?:[A-Za-z]+|OID\.[\d.]+)=|$)'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One row. ``sha256`` is that of the whole certificate, in hex; ``lists`` are the dates of its lists."""

    alias: str
    subject: str
    sha256: str
    lists: frozenset[str]

    @property
    def name(self) -> NameKey:
        return name_key_of_subject(self.subject)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Authorities:
    """The listed CAs. ``as_of`` and ``proposed`` are the dates of the published and of the newer list.

    ``listed`` are the rows by SHA-256, ``names`` their subjects, ``roots`` the available certificates.
    ``in_both`` and ``in_one`` are the same certificates for the validators: of CAs in both lists, or in one.

    Compared by identity, so that it can be the key of a cache.
    """

    as_of: str
    proposed: str
    listed: Mapping[str, Listed]
    names: frozenset[NameKey]
    roots: Roots
    lists_by_root: Mapping[RootId, frozenset[str]]
    in_both: Anchors
    in_one: Anchors

    def lists_of(self, root: Link) -> frozenset[str]:
        """The dates of the lists that have this name and key; empty for a certificate that is in none."""
        row = self.listed.get(root.sha256)
        return self.lists_by_root.get(root.root_id, row.lists if row else frozenset())

    def is_in_both(self, root: Link) -> bool:
        return {self.as_of, self.proposed} <= self.lists_of(root)


@cache
def kms_authorities() -> Authorities:
    """The CAs in the package's data files, parsed once."""
    data = files("probe") / "data"
    text = (data / AUTHORITIES_FILE).read_text(encoding="utf-8")
    ders = der_certificates((data / ROOTS_FILE).read_bytes())
    return assemble(text, tuple(ders))


def assemble(listed_csv: str, root_ders: tuple[bytes, ...]) -> Authorities:
    """CAs from the lists and certificates; a certificate whose SHA-256 is not listed is ignored."""
    rows = {row.sha256: row for row in read_listed(listed_csv)}
    as_of, proposed = (_date(pattern, listed_csv) for pattern in (_AS_OF, _PROPOSED))
    listed = {der: row for der in root_ders if (row := rows.get(hashlib.sha256(der).hexdigest()))}
    available = {der: root_id for der in listed if (root_id := _root_id(der))}
    lists_by_root: dict[RootId, frozenset[str]] = {}
    for der, root_id in available.items():
        lists_by_root[root_id] = lists_by_root.get(root_id, frozenset()) | listed[der].lists
    both = [der for der, root_id in available.items() if {as_of, proposed} <= lists_by_root[root_id]]
    return Authorities(
        as_of=as_of,
        proposed=proposed,
        listed=rows,
        names=frozenset(row.name for row in rows.values()),
        roots=Roots.of(available),
        lists_by_root=lists_by_root,
        in_both=anchors_of(both),
        in_one=anchors_of(der for der in available if der not in both),
    )


def _root_id(der: bytes) -> RootId | None:
    """None for a certificate that cannot be read: only its name and fingerprint are then known."""
    try:
        return root_id_of(read_root(der))
    except Exception:  # noqa: BLE001 -- cryptography's exceptions have no common base class
        return None


def _date(pattern: re.Pattern[str], listed_csv: str) -> str:
    found = pattern.search(listed_csv)
    return found.group(1) if found else ""


def read_listed(listed_csv: str) -> tuple[Listed, ...]:
    """The rows of ``kms_authorities.csv``; lines that begin with ``#`` are comments."""
    lines = (line for line in listed_csv.splitlines() if not line.startswith("#"))
    return tuple(
        Listed(
            alias=row["alias"],
            subject=row["subject"],
            sha256=row["sha256"],
            lists=frozenset(row["lists"].split()),
        )
        for row in csv.DictReader(lines)
    )


def name_key_of_subject(subject: str) -> NameKey:
    """The name key of a subject as keytool prints it.

    >>> name_key_of_subject('CN=Root, O="Entrust, Inc.", C=US')
    ('entrust, inc.', 'root', 'us')
    """
    return name_key_of_values(match.group(1).strip('"') for match in _ATTRIBUTE.finditer(subject))
