"""Draws docs/images/architecture.svg and writes the table of docs/architecture.md from the code's imports.

::

    python tools/architecture_page.py            # write them
    python tools/architecture_page.py --check    # exit 1 if one is out of date
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # run by path: `tools` and this very tree are found, whatever is installed
from tools import import_map  # noqa: E402
from tools.architecture_drawing import Box, svg  # noqa: E402

PAGE = ROOT / "docs" / "architecture.md"
DRAWING = ROOT / "docs" / "images" / "architecture.svg"
BEGIN = "<!-- made by tools/architecture_page.py from docstrings and imports -->"
END = "<!-- end -->"
# Which group stands left of which; the sinks hang below the command line, beside the agent.
_COLUMNS = {"simulator": 0, "probe": 1, "exporters": 2}
_TITLE = "The folders in their layers; an arrow goes from a folder to one that it imports"
_LEGEND = {
    "acting": "acts: sockets, files, threads, AWS",
    "pure": "pure: an import contract keeps it from all of these",
    "other": "beside probe/: the sinks, and the simulated network with its servers and AWS account",
}


def main() -> int:
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("--check", action="store_true", help="compare, write nothing")
    check = arguments.parse_args().check
    found = import_map.read(ROOT)
    stale = []
    for path, text in (
        (DRAWING, drawing(found)),
        (PAGE, with_table(PAGE.read_text(encoding="utf-8"), found)),
    ):
        if not check:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(path.name)
    print(
        f"{', '.join(stale)}: run tools/architecture_page.py" if stale else "the architecture is up to date"
    )
    return int(bool(stale))


def drawing(found: import_map.ImportMap) -> str:
    """The parts of probe, the sinks, and the simulator as one box."""
    edges = {_shown(name): set[str]() for name in found.parts}
    for name, part in found.parts.items():
        edges[_shown(name)] |= {_shown(each) for each in part.imports} - {_shown(name)}
    return svg(list(_boxes(found)), list(import_map.reduced(edges)), _TITLE, _LEGEND)


def _boxes(found: import_map.ImportMap) -> Iterator[Box]:
    """Those of other tops begin a row below the command line, which is the only one to know them."""
    yield Box(name="simulator", row=1, column=_COLUMNS["simulator"], style="other")
    for top, below in (("probe", 0), ("exporters", 1)):
        for row, layer in enumerate(found.layers[top], below):
            for name in layer:
                pure = "pure" if found.parts[name].is_pure else "acting"
                style = pure if top == "probe" else "other"
                yield Box(name=_shown(name), row=row, column=_COLUMNS[top], style=style)


def _shown(name: str) -> str:
    """What is in a box: a folder of probe by its own name, all of the simulator as one."""
    return "simulator" if name.startswith("simulator/") else name.removeprefix("probe/")


def with_table(page: str, found: import_map.ImportMap) -> str:
    """``page`` with the table between its two marks. Raises ValueError without the marks."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"docs/architecture.md lacks {BEGIN} or {END}")
    return f"{before}{begin}\n\n" + "\n".join(table(found)) + f"\n\n{end}{after}"


def table(found: import_map.ImportMap) -> Iterator[str]:
    """A row for each part, in the order of the layers."""
    yield "| part | what it is | imports | libraries |"
    yield "| --- | --- | --- | --- |"
    for name, part in found.parts.items():
        top = name.partition("/")[0]
        path = f"{name}/" if (ROOT / name).is_dir() else f"{name}.py"
        imports = ", ".join(each.removeprefix(f"{top}/") for each in part.imports) or "nothing of ours"
        yield f"| `{path}` | {part.purpose} | {imports} | {', '.join(part.libraries)} |"


if __name__ == "__main__":
    sys.exit(main())
