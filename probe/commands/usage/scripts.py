"""What a shell loads for completion, and where it is installed. Each asks ``xks-probe __complete WORDS``."""

import os
import re
from pathlib import Path

from probe.commands.command_table import PROGRAM
from probe.commands.exits import UsageError
from probe.commands.usage.completion import FILES, SHELLS
from probe.model.text import clean

_BASH = """\
_xks_probe() {
    local IFS=$'\\n' line
    COMPREPLY=()
    for line in $("$1" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null); do
        if [ "$line" = FILES ]; then
            compopt -o default
        else
            COMPREPLY+=("${line%%$'\\t'*}")
        fi
    done
}
complete -F _xks_probe PROGRAM
"""
_ZSH = """\
#compdef PROGRAM
_PROGRAM() {
    local -a lines described
    local line
    lines=("${(@f)$("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    for line in $lines; do
        if [[ $line == FILES ]]; then
            _files
            return
        fi
        if [[ $line == *$'\\t'* ]]; then
            described+=("${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}")
        else
            described+=("${line//:/\\\\:}")
        fi
    done
    _describe 'PROGRAM' described
}
if [[ $funcstack[1] == _PROGRAM ]]; then
    _PROGRAM "$@"
else
    compdef _PROGRAM PROGRAM
fi
"""
_FISH = """\
function __xks_probe
    set -l words (commandline -opc)
    set -l found ($words[1] __complete $words[2..] (commandline -ct) 2>/dev/null)
    if test "$found" = FILES
        __fish_complete_path (commandline -ct)
    else
        printf '%s\\n' $found
    end
end
complete -c PROGRAM -f -a '(__xks_probe)'
"""
_SCRIPTS = dict(zip(SHELLS, (_BASH, _ZSH, _FISH), strict=True))


def chosen(arguments: list[str]) -> str:
    """The shell that is named, else the user's own."""
    if len(arguments) > 1:
        raise UsageError(f"completion: {clean(arguments[1], 40)!r} is one word too many; give only the shell")
    shell = arguments[0] if arguments else Path(os.environ.get("SHELL", "")).name
    if shell not in SHELLS:
        what = f"{clean(shell, 40)!r} is not a supported shell" if shell else "the shell is not known"
        raise UsageError(f"completion: {what}; give one of: {', '.join(SHELLS)}")
    return shell


def script(shell: str) -> str:
    return re.sub(r"\bFILES\b", FILES, _SCRIPTS[shell]).replace("PROGRAM", PROGRAM)


def install(shell: str) -> str:
    """Write the script where the shell looks for it; says where, and what else to do."""
    try:
        return _install(shell, Path.home())
    except (OSError, RuntimeError) as error:  # RuntimeError: no home is known
        raise UsageError(f"completion: {error}; see {PROGRAM} --show-completion {shell}") from None


def _install(shell: str, home: Path) -> str:
    data, config = (
        _folder("XDG_DATA_HOME", home / ".local/share"),
        _folder("XDG_CONFIG_HOME", home / ".config"),
    )
    if shell == "fish":
        file = _written(config / "fish/completions" / f"{PROGRAM}.fish", shell)
        return f"wrote {file}; new shells use it"
    if shell == "bash":
        file = _written(data / "bash-completion/completions" / PROGRAM, shell)
        start, lines = home / ".bashrc", f'source "{file}"'
    else:
        file = _written(data / "zsh/site-functions" / f"_{PROGRAM}", shell)
        start = _folder("ZDOTDIR", home) / ".zshrc"
        lines = f'fpath=("{file.parent}" $fpath)\nautoload -Uz compinit && compinit'
    changed = _appended(start, lines)
    return f"wrote {file}" + (f" and added it to {start}" if changed else "") + "; new shells use it"


def _folder(variable: str, otherwise: Path) -> Path:
    return Path(os.environ.get(variable) or otherwise)


def _written(file: Path, shell: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(script(shell), encoding="utf-8")
    return file


def _appended(start: Path, lines: str) -> bool:
    """Add lines to a file that a shell reads at its start, once."""
    text = start.read_text(encoding="utf-8", errors="surrogateescape") if start.exists() else ""
    if lines in text:
        return False
    with start.open("a", encoding="utf-8", errors="surrogateescape") as opened:
        opened.write(("" if not text or text.endswith("\n") else "\n") + lines + "\n")
    return True
