"""Generate docs/authorities.md from the lists of CAs that KMS trusts.

::

    python tools/authorities_page.py            # write it
    python tools/authorities_page.py --check    # exit 1 if it is out of date
"""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # run by path: `tools` and this very tree are found, whatever is installed
from cryptography import x509  # noqa: E402
from cryptography.x509.oid import NameOID  # noqa: E402

from probe.requirements.evidence.authorities import Authorities, kms_authorities  # noqa: E402
from probe.requirements.evidence.authority_advice import Advice, read  # noqa: E402
from probe.wire.chain import RootId, root_id_of  # noqa: E402
from tools.generated_files import write_or_check  # noqa: E402

PAGE = ROOT / "docs" / "authorities.md"
# The attributes that name a root best; old ones have no common name, or the name of the CA in it.
_NAMED_BY = (NameOID.COMMON_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME)
_UNCLEAR = frozenset({"GlobalSign"})


def main() -> int:
    text = "\n".join(page()) + "\n"
    return write_or_check("authorities_page.py", (__doc__ or "").splitlines()[0], {PAGE: text})


def page() -> Iterator[str]:
    """The lines of the page."""
    authorities = kms_authorities()
    yield from _head(authorities)
    yield from _what_to_do(read().values())
    yield from _roots(authorities)


def _head(authorities: Authorities) -> Iterator[str]:
    older, newer = authorities.as_of, authorities.proposed
    counts = dict.fromkeys((frozenset({older, newer}), frozenset({older}), frozenset({newer})), 0)
    for lists in authorities.lists_by_root.values():
        counts[lists] += 1
    both, only_older, only_newer = counts.values()
    yield from (
        "# Which CA can you buy a certificate from?",
        "",
        "KMS trusts a proxy's certificate only if it leads to a root certificate in KMS's own list. AWS",
        f"published that list on {older}. Its author proposed a newer one on {newer}, which AWS has not",
        "published. Which of them KMS uses now is not known.",
        "",
        f"- **In both lists** ({both} roots): trusted. Buy from these.",
        f"- **In one list** ({only_older} only in the older, {only_newer} only in the newer one): not known.",
        "  The verdict of `authority-is-trusted-by-kms` is *unknown*.",
        "- **In neither**: not trusted, whatever browsers do. That includes every private CA.",
        "",
        "A root counts by its name and key, not by its fingerprint: a root that was issued again is the same",
        "one. `xks-probe tls` shows to which root the certificate of your proxy leads.",
        "",
        "`tools/authorities_page.py` generates this page from `probe/data/`, which has the sources.",
    )


def _what_to_do(rows: Iterable[Advice]) -> Iterator[str]:
    yield from (
        "",
        "## If your root is not in both lists",
        "",
        "| CA | root | what to do |",
        "| --- | --- | --- |",
    )
    roots: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        if row.remedy:
            roots.setdefault((row.family, row.remedy), []).append(row.root)
    yield from (f"| {family} | {', '.join(of)} | {remedy} |" for (family, remedy), of in roots.items())
    yield from (
        "",
        "Other CAs: choose another one, or ask yours for a cross-certificate by a root in both lists.",
    )


def _roots(authorities: Authorities) -> Iterator[str]:
    newest: dict[RootId, x509.Certificate] = {}
    for roots in authorities.roots.by_subject.values():
        for root in roots:  # the one that expires last comes first
            newest.setdefault(root_id_of(root), root)
    yield from (
        "",
        "## Every root",
        "",
        "| root | lists | valid until | trusted by browsers until |",
        "| --- | --- | --- | --- |",
    )
    rows = sorted((_name(root), id_, root) for id_, root in newest.items())
    for name, id_, root in rows:
        lists = " and ".join(sorted(authorities.lists_by_root[id_]))
        advice = next((read()[value] for value in id_[0] if value in read()), None)
        untrusted = advice.untrusted if advice else ""
        yield f"| {name} | {lists} | {root.not_valid_after_utc:%Y-%m-%d} | {untrusted} |"


def _name(root: x509.Certificate) -> str:
    values = (str(each.value) for kind in _NAMED_BY for each in root.subject.get_attributes_for_oid(kind))
    return next((value for value in values if value not in _UNCLEAR), root.subject.rfc4514_string())


if __name__ == "__main__":
    sys.exit(main())
