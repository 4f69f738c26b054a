"""Collect the root certificates of both lists of CAs that KMS trusts, from bundles on this machine.

The lists have names and fingerprints but no certificates. A certificate is used only if its SHA-256 is in
``probe/data/kms_authorities.csv``, so its source does not matter. The running agent uses no certificates of
its host. Certificates that are already collected stay. Run this again when AWS changes a list::

    python tools/authorities.py                  # write probe/data/kms_roots.pem
    python tools/authorities.py --bundle FILE    # search this PEM file, too: roots that newer bundles lack
    python tools/authorities.py --check          # compare only; also fails if a certificate is missing
"""

import argparse
import hashlib
import re
import ssl
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import botocore
import certifi

from probe.requirements.evidence.authorities import AUTHORITIES_FILE, ROOTS_FILE, Listed, read_listed

DATA = Path(__file__).parents[1] / "probe" / "data"
DEBIAN = Path("/usr/share/ca-certificates/mozilla")
PEM = re.compile(r"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----")


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--check", action="store_true", help="only compare, without writing")
    arguments.add_argument(
        "--bundle", type=Path, action="append", default=[], help="a PEM file to search, too"
    )
    given = arguments.parse_args()
    listed = read_listed((DATA / AUTHORITIES_FILE).read_text(encoding="utf-8"))
    found = collect({authority.sha256 for authority in listed}, [*bundles(), *given.bundle])
    for line in report(listed, found):
        print(line)
    text = render(listed, found)
    if given.check:
        is_current = (DATA / ROOTS_FILE).read_text(encoding="ascii") == text
        return int(not is_current or len(found) < len(listed))
    (DATA / ROOTS_FILE).write_text(text, encoding="ascii")
    return 0


def bundles() -> Iterator[Path]:
    """The bundles to search. Old ones are useful: the lists have roots that newer bundles lack."""
    yield DATA / ROOTS_FILE
    yield Path(botocore.__file__).parent / "cacert.pem"
    yield Path(certifi.where())
    yield from sorted(DEBIAN.glob("*.crt"))


def collect(wanted: set[str], searched: Iterable[Path]) -> dict[str, bytes]:
    """SHA-256 (hex) -> DER, for the wanted certificates that are in a bundle."""
    found: dict[str, bytes] = {}
    for bundle in searched:
        for match in PEM.finditer(bundle.read_text(encoding="utf-8")):
            der = ssl.PEM_cert_to_DER_cert(match.group())
            sha256 = hashlib.sha256(der).hexdigest()
            if sha256 in wanted:
                found[sha256] = der
    return found


def report(listed: tuple[Listed, ...], found: dict[str, bytes]) -> Iterator[str]:
    """Lines for people: how many certificates were found, and which are missing."""
    yield f"{len(found)} of {len(listed)} listed CAs found"
    yield from (f"missing: {each.alias}  {each.subject}" for each in listed if each.sha256 not in found)


def render(listed: tuple[Listed, ...], found: dict[str, bytes]) -> str:
    """The PEM file, in the order of the list, so that it does not depend on the order of the bundles."""
    head = "# Made by tools/authorities.py from the fingerprints in kms_authorities.csv. Do not edit.\n"
    return head + "".join(
        f"# {each.alias}\n{ssl.DER_cert_to_PEM_cert(found[each.sha256])}"
        for each in listed
        if each.sha256 in found
    )


if __name__ == "__main__":
    sys.exit(main())
