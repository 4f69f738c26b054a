"""The list of survivors that stay, each with its reason, and how a run compares with it."""

import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.mutation.change import Mutant


@dataclass(frozen=True, kw_only=True)
class Compared:
    """``new``: survived, not listed. ``gone``: listed, not made any more. ``dead``: listed, but killed."""

    new: tuple[Mutant, ...]
    gone: tuple[Mutant, ...]
    dead: tuple[Mutant, ...]


def read(file: Path) -> Counter[Mutant]:
    """Raises ValueError for a group without a reason."""
    listed: Counter[Mutant] = Counter()
    for group in tomllib.loads(file.read_text(encoding="utf-8")).get("survivors", []):
        if not group["reason"].strip():
            raise ValueError(f"{file}: no reason is given for {group['mutants']}")
        listed.update(_mutant(text) for text in group["mutants"])
    return listed


def _mutant(text: str) -> Mutant:
    where, _, change = text.strip().partition("\n")
    path, _, function = where.partition("::")
    return Mutant(path, function, change)


def compare(results: Iterable[tuple[Mutant, bool]], listed: Mapping[Mutant, int]) -> Compared:
    """``results``: each mutant, and whether it was killed. One that is made twice is listed twice."""
    made, survived = Counter[Mutant](), Counter[Mutant]()
    for mutant, killed in results:
        made[mutant] += 1
        survived[mutant] += not killed
    expected = Counter(listed)
    gone = expected - made
    return Compared(
        new=tuple(sorted((survived - expected).elements())),
        gone=tuple(sorted(gone.elements())),
        dead=tuple(sorted((expected - gone - survived).elements())),
    )


def as_toml(mutants: Sequence[Mutant]) -> str:
    """A group as `read` takes it, once a developer has added its reason."""
    listed = "".join(f"'''\n{mutant}''',\n" for mutant in mutants)
    return f'[[survivors]]\nreason = ""\nmutants = [\n{listed}]\n'
