"""Marks that git leaves in a file when a merge has a conflict."""

from __future__ import annotations

from typing import Final

MARKS: Final = "<<<<<<<, ======= and >>>>>>>"


def conflict_line(text: str) -> int | None:
    """The line of the first `<<<<<<<` that `=======` and `>>>>>>>` follow, each at its line's start; None without."""
    if "<<<<<<<" not in text or ">>>>>>>" not in text:
        return None
    began = parted = None
    for number, line in enumerate(text.split("\n"), start=1):
        mark = line.rstrip("\r")
        if mark == "<<<<<<<" or mark.startswith("<<<<<<< "):
            began, parted = number, None
        elif mark == "=======":
            parted = began
        elif parted and (mark == ">>>>>>>" or mark.startswith(">>>>>>> ")):
            return parted
    return None
