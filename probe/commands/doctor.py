"""`xks-probe doctor`: what this machine allows, each line with its remedy."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from probe.commands import output
from probe.commands.exits import Exit
from probe.commands.options import FormatOption, OutputOption
from probe.model.text import clean

if TYPE_CHECKING:
    from rich.table import Table

    from probe.doctor import Finding

_TEXT_LIMIT = 1024  # as in the other documents
_SYMBOLS = {
    "good": ("✓", "green"),
    "limited": ("!", "yellow"),
    "missing": ("✗", "red"),
    "unknown": ("?", "cyan"),
}


def command(
    form: FormatOption = output.Format.TEXT,
    file: OutputOption = None,
) -> int:
    """Exit status 1 if something the agent needs is missing."""
    from probe import doctor

    findings = (*doctor.examine(), _namespaces())
    document = {"schema_version": 1, "findings": [_fields(finding) for finding in findings]}
    output.write(form, file, lambda: document, lambda: _table(findings))
    return Exit.VIOLATED if any(f.state is doctor.State.MISSING for f in findings) else Exit.FINE


def _namespaces() -> "Finding":
    """Whether the simulated network of `xks-probe demo` can run here; the agent itself does not need it."""
    from probe.doctor import Finding, State

    try:
        from simulator import capability
    except ImportError:
        remedy = "install the extra: xks-probe[demo]"
        return Finding(subject="simulated network", state=State.UNKNOWN, seen="not installed", remedy=remedy)
    able = capability()
    state = State.GOOD if able.namespaces else State.LIMITED
    seen = able.why or "namespaces, and a wire with delays"
    return Finding(subject="simulated network", state=state, seen=seen, remedy=able.remedy)


def _fields(finding: "Finding") -> dict[str, str]:
    """All of them are text, and what was seen may be AWS's; a document is read on terminals, too."""
    return {name: clean(text, _TEXT_LIMIT) for name, text in asdict(finding).items()}


def _table(findings: "tuple[Finding, ...]") -> "Table":
    from rich.text import Text

    from exporters.report import formatting

    table = formatting.table("", "subject", "seen", "what to do", title="What this machine allows")
    for finding in findings:
        symbol, colour = _SYMBOLS[finding.state]
        cells = (finding.subject, f"{finding.state}: {clean(finding.seen)}", clean(finding.remedy, 500))
        table.add_row(Text(symbol, style=colour), *(Text(cell) for cell in cells))
    return table
