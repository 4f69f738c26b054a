"""Write docs/requirements.md from the catalogue, so that the page says what the code does.

::

    python tools/requirements_page.py            # write it
    python tools/requirements_page.py --check    # exit 1 if it is out of date
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from probe.model.verdicts import KmsError, Level
from probe.requirements import CATALOGUE, Declared

PAGE = Path(__file__).parents[1] / "docs" / "requirements.md"
_LEVELS = {
    Level.REQUIRED: "KMS checks it, or cannot connect without it. While violated, its errors are expected.",
    Level.RISK: "It works for now, and fails at times or under load. Its errors are possible.",
    Level.ADVICE: "AWS recommends it, KMS cannot see it. No error comes of it.",
}


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--check", action="store_true", help="compare, write nothing")
    check = arguments.parse_args().check
    text = "\n".join(page()) + "\n"
    if check:
        is_current = PAGE.exists() and PAGE.read_text(encoding="utf-8") == text
        print(f"{PAGE.name} is up to date" if is_current else f"{PAGE.name}: run tools/requirements_page.py")
        return int(not is_current)
    PAGE.write_text(text, encoding="utf-8")
    return 0


def page() -> Iterator[str]:
    """The lines of the page."""
    yield "# Requirements"
    yield ""
    yield "Made by `tools/requirements_page.py` from `probe/requirements/`; edit the docstrings there."
    for level in Level:
        yield from ("", f"## {level.value.capitalize()}", "", _LEVELS[level])
        for declared in CATALOGUE:
            if declared.published.level is level:
                yield from section(declared)


def section(declared: Declared) -> Iterator[str]:
    """One requirement: what holds, why, the errors, what to do, the source."""
    published, remedy = declared.published, declared.remedy
    yield from ("", f"### {published.id}", "", f"**{published.title}**", "")
    yield from published.why.splitlines()
    if published.errors:
        yield from ("", "| operation | error | likelihood | basis | or |", "| --- | --- | --- | --- | --- |")
        yield from map(row, published.errors)
    yield from ("", f"What to do: {remedy.text}")
    if remedy.console:
        yield from ("", f"Console: {remedy.console}")
    if remedy.cli:
        yield from ("", f"    {remedy.cli}")
    yield from ("", f"Source: <{published.source}>")


def row(error: KmsError) -> str:
    """One error as a row of the table."""
    alternatives = ", ".join(f"`{name}`" for name in error.alternatives)
    return (
        f"| {error.operation.value} | `{error.error}` | {error.likelihood.value} "
        f"| {error.basis.value} | {alternatives} |"
    )


if __name__ == "__main__":
    sys.exit(main())
