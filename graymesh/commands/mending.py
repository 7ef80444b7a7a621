"""`--fix` and `--diff`: findings that carry edits, mended in the files or shown as a diff."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from graymesh.commands.base import Terminal, printable

if TYPE_CHECKING:
    from graymesh.diagnostic import Diagnostic
    from graymesh.lint.fix import Fixed
    from graymesh.lint.session import Linting


def mend(terminal: Terminal, linting: Linting, found: Sequence[Diagnostic], write: bool) -> bool:
    """Mends every file with something to mend, or shows how; tells what had to stay. True when a file was written."""
    written = False
    for file in dict.fromkeys(each.file for each in found if each.edits):
        old, fixed = linting.mend(file)
        if fixed.text != old:
            if write:
                _write(file, old, fixed.text)
                terminal.log(f"{printable(file)}: {len(fixed.mended)} mended")
                written = True
            else:
                _show(terminal, file, old, fixed.text)
        _tell_refused(terminal, fixed)
    return written


def _tell_refused(terminal: Terminal, fixed: Fixed) -> None:
    for finding, harm in fixed.refused:
        place = f"{printable(finding.file)}:{finding.span.line}:{finding.span.column}"
        terminal.log(f"{place}: {finding.code} is not mended: it would lead to {harm.code}, {printable(harm.message)}")


def _show(terminal: Terminal, file: str, old: str, new: str) -> None:
    """The diff; on stderr when stdout holds findings for a program."""
    from difflib import unified_diff

    name = file.lstrip("/")
    lines = unified_diff(old.splitlines(), new.splitlines(), f"a/{name}", f"b/{name}", lineterm="")
    human = terminal.form in ("text", "concise")
    text = "".join(_colored(printable(line), terminal.color and human) + "\n" for line in lines)
    if human:
        terminal.out(text, end="")
    else:
        sys.stderr.write(text)


def _colored(line: str, color: bool) -> str:
    code = {"+": "32", "-": "31", "@": "36"}.get(line[:1], "") if color else ""
    return f"\x1b[{code}m{line}\x1b[0m" if code else line


def _write(file: str, old: str, new: str) -> None:
    """All or nothing, with the file's byte order mark. Raises OSError, also when it changed."""
    from graymesh.language import reading, saving

    mark = b"\xef\xbb\xbf"
    if not reading.read_named(file, len(mark)).startswith(mark):
        mark = b""
    saving.rewrite(file, mark + old.encode(), mark + new.encode())
