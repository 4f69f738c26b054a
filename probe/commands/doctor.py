"""`xks-probe doctor`: the capabilities of this machine, each with what to do about it."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from probe.commands import demo_extra, output
from probe.commands.exits import Exit
from probe.commands.options import FormatOption, OutputOption
from probe.model.text import clean

if TYPE_CHECKING:
    from rich.table import Table

    from probe.doctor import Finding

_SIMULATED = "simulated network"
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
    """Status 1 if a capability that the agent needs is missing."""
    from probe import doctor

    findings = (*doctor.examine(), _namespaces())
    document = {"schema_version": 1, "findings": [_fields(finding) for finding in findings]}
    output.write(form, file, lambda: document, lambda: _table(findings))
    return Exit.VIOLATED if any(f.state is doctor.State.MISSING for f in findings) else Exit.FINE


def _namespaces() -> "Finding":
    """Whether the simulated network of `xks-probe demo` can run here; the agent itself does not need it."""
    from probe.doctor import Finding, State

    missing, install = demo_extra.missing(), f"for xks-probe demo: {demo_extra.INSTALL}"
    if missing is not None:
        seen = f"{missing} is not installed"
        return Finding(subject=_SIMULATED, state=State.UNKNOWN, seen=seen, remedy=install)
    try:
        from simulator import capability
    except ImportError as error:
        seen = f"{error.name} is not installed"
        return Finding(subject=_SIMULATED, state=State.UNKNOWN, seen=seen, remedy=install)
    able = capability()
    state = State.GOOD if able.namespaces else State.LIMITED
    seen = able.why or "network namespaces, and links with delays"
    return Finding(subject=_SIMULATED, state=state, seen=seen, remedy=able.remedy)


def _fields(finding: "Finding") -> dict[str, str]:
    """Escaped: some of it comes from AWS, and documents are read on terminals."""
    return {name: clean(text, _TEXT_LIMIT) for name, text in asdict(finding).items()}


def _table(findings: "tuple[Finding, ...]") -> "Table":
    from rich.text import Text

    from exporters.report import formatting

    table = formatting.table("", "capability", "found", "what to do", title="Capabilities of this machine")
    for finding in findings:
        symbol, colour = _SYMBOLS[finding.state]
        cells = (finding.subject, f"{finding.state}: {clean(finding.seen)}", clean(finding.remedy, 500))
        table.add_row(Text(symbol, style=colour), *(Text(cell) for cell in cells))
    return table
