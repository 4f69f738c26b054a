"""The CAs that AWS lists as trusted by KMS, and the root certificates of those that are available.

The list has only names and fingerprints. Of its 130 roots, 125 were available (``tools/authorities.py``). Of
the others only the name and the fingerprint are known; a matching name is not enough for *met*.
"""

import csv
import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from probe.wire.certificate_path.anchors import Anchors, anchors_of
from probe.wire.chain import NameKey, Roots, name_key_of_values
from probe.wire.pem import der_certificates

AUTHORITIES_FILE = "kms_authorities.csv"
ROOTS_FILE = "kms_roots.pem"
_AS_OF = re.compile(r"^# as-of: (\S+)$", re.MULTILINE)
# As keytool prints a subject: `CN=X, O="Y, Inc.", C=US`; a comma inside quotes is not a separator.
_ATTRIBUTE = re.compile(
    r'(?:^|, *)(?:[A-Za-z]+|OID\.[\d.]+)=("(?:[^"\\]|\\.)*"|.*?)(?=, *(?:[A-Za-z]+|OID\.[\d.]+)=|$)'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One row of AWS's list. ``sha256`` is the SHA-256 of the whole certificate in lower-case hex."""

    alias: str
    subject: str
    sha256: str

    @property
    def name(self) -> NameKey:
        return name_key_of_subject(self.subject)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Authorities:
    """The listed CAs: ``aliases`` by SHA-256, ``names`` the subjects, ``roots`` the available certificates.

    ``anchors`` are the same certificates for the validators.

    Compared by identity, so that it can be the key of a cache.
    """

    as_of: str
    aliases: dict[str, str]
    names: frozenset[NameKey]
    roots: Roots
    anchors: Anchors


@cache
def kms_authorities() -> Authorities:
    """The CAs in the package's data files, parsed once."""
    data = files("probe") / "data"
    text = (data / AUTHORITIES_FILE).read_text(encoding="utf-8")
    ders = der_certificates((data / ROOTS_FILE).read_bytes())
    return assemble(text, tuple(ders))


def assemble(listed_csv: str, root_ders: tuple[bytes, ...]) -> Authorities:
    """CAs from a list and certificates; a certificate whose SHA-256 is not listed is ignored."""
    listed = read_listed(listed_csv)
    aliases = {authority.sha256: authority.alias for authority in listed}
    as_of = _AS_OF.search(listed_csv)
    available = tuple(der for der in root_ders if hashlib.sha256(der).hexdigest() in aliases)
    return Authorities(
        as_of=as_of.group(1) if as_of else "",
        aliases=aliases,
        names=frozenset(authority.name for authority in listed),
        roots=Roots.of(available),
        anchors=anchors_of(available),
    )


def read_listed(listed_csv: str) -> tuple[Listed, ...]:
    """The rows of ``kms_authorities.csv``; lines that begin with ``#`` are comments."""
    lines = (line for line in listed_csv.splitlines() if not line.startswith("#"))
    return tuple(
        Listed(alias=row["alias"], subject=row["subject"], sha256=row["sha256"])
        for row in csv.DictReader(lines)
    )


def name_key_of_subject(subject: str) -> NameKey:
    """The name key of a subject as keytool prints it.

    >>> name_key_of_subject('CN=Root, O="Entrust, Inc.", C=US')
    ('entrust, inc.', 'root', 'us')
    """
    return name_key_of_values(match.group(1).strip('"') for match in _ATTRIBUTE.finditer(subject))
