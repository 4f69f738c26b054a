"""Writes generated files, or with ``--check`` compares them: the command line that the generators share."""

import argparse
from collections.abc import Mapping
from pathlib import Path


def write_or_check(tool: str, purpose: str, files: Mapping[Path, str]) -> int:
    """Write the texts, or compare them. The exit status: 1 if a compared file is out of date, otherwise 0."""
    arguments = argparse.ArgumentParser(description=purpose)
    arguments.add_argument("--check", action="store_true", help="compare, write nothing")
    if not arguments.parse_args().check:
        for path, text in files.items():
            path.write_text(text, encoding="utf-8")
        return 0
    stale = [path.name for path, text in files.items() if not _is_current(path, text)]
    names = ", ".join(stale or (path.name for path in files))
    print(f"{names}: run tools/{tool}" if stale else f"up to date: {names}")
    return int(bool(stale))


def _is_current(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text
