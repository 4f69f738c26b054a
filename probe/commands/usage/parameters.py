"""Options and arguments of a command as values."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

MAX_UNGROUPED = 8  # a short list of options needs no headings
UNGROUPED = "Options"
FILE = "FILE"  # the metavar of every option whose value is a path


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One option, or one argument if it has no ``flags``. ``metavar`` is "" for an option without a value."""

    flags: tuple[str, ...] = ()
    metavar: str = ""
    help: str = ""
    choices: tuple[str, ...] = ()
    limits: str = ""  # "0.01 to 300"
    default: str = ""
    is_repeatable: bool = False
    is_required: bool = False
    group: str = UNGROUPED
    words: Callable[[], Sequence[str]] | None = None  # for completion: values that the help does not list

    @property
    def label(self) -> str:
        """As it is typed: ``-c, --config FILE``."""
        return " ".join(filter(None, (", ".join(self.flags), self.metavar)))

    @property
    def notes(self) -> tuple[str, ...]:
        """What else to know of its value, for the end of its help."""
        return (
            *((f"one of: {', '.join(self.choices)}",) if self.choices else ()),
            *((self.limits,) if self.limits else ()),
            *((f"default: {self.default}",) if self.default else ()),
            *(("required",) if self.is_required and self.flags else ()),
            *(("may be repeated",) if self.is_repeatable else ()),
        )


HELP = Parameter(flags=("-h", "--help"), help="show this help and exit")


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandUsage:
    """The command line of one command; ``options`` without ``--help``, which every command has."""

    name: str
    summary: str
    exit_status: str
    arguments: tuple[Parameter, ...]
    options: tuple[Parameter, ...]

    @property
    def synopsis(self) -> str:
        words = (_argument(each) for each in self.arguments)
        required = (each.label for each in self.options if each.is_required)
        return " ".join((self.name, *required, "[OPTIONS]", *words))

    def groups(self) -> dict[str, list[Parameter]]:
        """Options by heading, in their order; `HELP` is the last of the last group."""
        found: dict[str, list[Parameter]] = {}
        for option in self.options:
            name = option.group if len(self.options) > MAX_UNGROUPED else UNGROUPED
            found.setdefault(name, []).append(option)
        last = found[next(reversed(found))] if found else found.setdefault(UNGROUPED, [])
        last.append(HELP)
        return found


def shown_default(value: object) -> str:
    """As it would be typed; "" for none."""
    if value is None or callable(value):
        return ""
    if isinstance(value, Enum):
        return str(value.value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _argument(argument: Parameter) -> str:
    name = f"{argument.metavar}..." if argument.is_repeatable else argument.metavar
    return name if argument.is_required else f"[{name}]"
