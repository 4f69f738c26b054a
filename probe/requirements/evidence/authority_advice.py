"""What to do about a root: send a cross-certificate, use another root, or expect another one at renewal."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from probe.wire.chain import Ending, Path

ADVICE_FILE = "authority_advice.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """One row. ``root`` is a value of the root's name, its common name or organisational unit.

    ``remedy`` says what to do if KMS is not known to trust the root, "" if nothing is known. ``untrusted`` is
    the date from which browsers do not trust it: its CA then issues from another root.
    """

    root: str
    family: str
    remedy: str
    untrusted: str

    def note(self, today: str) -> str:
        """For a root that KMS trusts: that the next certificate will lead to another one; "" if it need not.

        ``today`` is a date, ``2026-11-27``.
        """
        if not self.untrusted:
            return ""
        is_over = self.untrusted[: len(today)] <= today
        since = "have not trusted it since" if is_over else "will not trust it after"
        return f"browsers {since} {self.untrusted}: your next certificate will lead to another root"


def advice_on(path: Path) -> Advice | None:
    """The advice on the root of a path, also if the root was not sent."""
    last = path.links[-1]
    name = last.issuer_name if path.ending is Ending.MISSING_ISSUER else last.name
    rows = read()
    return next((rows[value] for value in name if value in rows), None)


@cache
def read() -> Mapping[str, Advice]:
    """The rows of the package's data file, by the root's name without regard to case."""
    text = (files("probe") / "data" / ADVICE_FILE).read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return {row["root"].casefold(): Advice(**row) for row in csv.DictReader(lines)}
