"""What all commands share: the options that every one takes, and the terminal they print to."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO

import click

if TYPE_CHECKING:
    from graymesh.diagnostic import Diagnostic, Refused
    from graymesh.language.reading import NotReadError

_LARGEST_EXCERPTED = 8 * 1024 * 1024
_BAR_AFTER_SECONDS = 1.0
_BAR_EVERY_SECONDS = 0.1
_BAR_WIDTH = 24


class Terminal:
    """Where a command prints: results on stdout, progress and logs on stderr.

    `form` is the format of findings; `files` are those they are written to as well, each a format and a path. `aside`
    is set by commands whose result is for another program: their findings go to stderr. `unheard`: nobody reads the
    results any more.
    """

    def __init__(self, color: bool = False, bar: bool = False) -> None:
        self.color, self.quiet, self.traceback, self.form = color, False, False, "text"
        self.files: tuple[tuple[str, str], ...] = ()
        self.progress, self.aside, self.unheard = Progress(bar), False, False

    @classmethod
    def of_this_process(cls) -> Terminal:
        """Colour when stdout is a terminal and NO_COLOR is not set; output that cannot be encoded is escaped."""
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name) or open(os.devnull, "w")  # noqa: SIM115, PTH123  closed by the caller's shell
            setattr(sys, name, stream)
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")
        color = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        return cls(color, bar=sys.stderr.isatty())

    def out(self, text: str, end: str = "\n") -> None:
        """A result. A reader that has gone away is no error, and the exit code stays what it would be."""
        self.progress.clear()
        if text or end:
            self.unheard |= not _print(sys.stdout, text + end)

    def log(self, text: str) -> None:
        """Something about the work, not its result; silent under `--quiet`."""
        if not self.quiet:
            self.error(text)

    def error(self, text: str) -> None:
        """Why nothing came of it; never silent."""
        text = _for_logs(text)
        self.progress.clear()
        _say(f"graymesh: {text}\n")

    def report(self, found: Sequence[Diagnostic], texts: Mapping[str, str] | None = None) -> None:
        """Findings in the chosen format, and in files; `texts` are those of sources that cannot be read again."""
        if not found and not self.files and self.form in ("text", "concise"):
            return
        from graymesh.report import render

        sources = {**_texts(found), **(texts or {})}
        self._save(found, sources)
        text = render(self.form, found, sources, color=self.color and not self.aside)
        self.progress.clear()
        _print(sys.stderr if self.aside else sys.stdout, text)

    def save(self, found: Sequence[Diagnostic]) -> None:
        """Findings in files alone."""
        self._save(found, _texts(found) if self.files else {})

    def _save(self, found: Sequence[Diagnostic], sources: Mapping[str, str]) -> None:
        if not self.files:
            return
        from graymesh.language.saving import replace
        from graymesh.report import render

        for form, path in self.files:
            replace(path, render(form, found, sources))

    def usage_error(self, error: click.ClickException) -> None:
        """A command line that cannot be understood."""
        if isinstance(error, click.exceptions.NoArgsIsHelpError):
            _say(error.format_message() + "\n")
            return
        context = getattr(error, "ctx", None)
        if context is not None:
            _say(context.get_usage() + "\n")
        self.error(error.format_message())

    def refused(self, refused: Refused) -> int:
        """Input that cannot be used at all; the exit code."""
        try:
            self.report(refused.diagnostics)
        except OSError as error:  # the files of findings cannot be written either
            self.files = ()
            self.report(refused.diagnostics)
            return self.failed(error)
        return 2 if refused.usage else 1

    def failed(self, error: OSError) -> int:
        """A file that cannot be read or written; the exit code."""
        from graymesh.language.reading import NotReadError

        if isinstance(error, NotReadError):
            return self.refused(_not_read(error))
        if self.traceback:
            _print_traceback(error)
        where = f"{error.filename}: " if error.filename is not None else ""
        self.error(f"{where}{error.strerror or error}{_meant_as_option(error)}")
        return 2

    def internal_error(self, error: Exception) -> int:
        """A fault of graymesh; the exit code."""
        if self.traceback:
            _print_traceback(error)
        self.error(f"internal error: {type(error).__name__}: {error} (--traceback shows where)")
        return 2

    def finish(self, code: int) -> int:
        """Everything is on its way; the exit code, 2 when the results could not be written."""
        self.progress.clear()
        try:
            _print(sys.stdout, "")
        except OSError as error:
            _silence(sys.stdout)
            return code if code == 2 else self.failed(error)
        return code


class Progress:
    """A bar on stderr for work that takes over a second, when stderr is a terminal."""

    def __init__(self, shown: bool) -> None:
        self._shown = shown
        self._start = time.monotonic()
        self._next = self._start + _BAR_AFTER_SECONDS
        self._drawn = False

    def __call__(self, what: str, done: int, total: int) -> None:
        """So much of `what` is done."""
        now = time.monotonic()
        if not self._shown or now < self._next:
            return
        self._next, self._drawn = now + _BAR_EVERY_SECONDS, True
        filled = _BAR_WIDTH * done // max(total, 1)
        _say(f"\r\x1b[K{what} [{'#' * filled}{'.' * (_BAR_WIDTH - filled)}] {done}/{total}")

    def clear(self) -> None:
        """Take the bar away, so that other output starts on a clean line."""
        if self._drawn:
            self._drawn = False
            _say("\r\x1b[K")


def _set(name: str) -> Any:
    def callback(context: click.Context, _: click.Parameter, value: Any) -> None:
        if value and isinstance(context.obj, Terminal):
            setattr(context.obj, name, value)

    return callback


def _set_color(context: click.Context, _: click.Parameter, value: str | None) -> None:
    if value in ("always", "never") and isinstance(context.obj, Terminal):
        context.obj.color = value == "always"


COMMON: Sequence[click.Option] = (
    click.Option(
        ["--color"],
        type=click.Choice(["auto", "always", "never"]),
        expose_value=False,
        callback=_set_color,
        help="Colour the output (auto: on a terminal, unless NO_COLOR is set).",
    ),
    click.Option(
        ["-q", "--quiet"], is_flag=True, expose_value=False, callback=_set("quiet"), help="Print results only."
    ),
    click.Option(
        ["--traceback"],
        is_flag=True,
        expose_value=False,
        callback=_set("traceback"),
        help="Show the traceback when graymesh itself fails.",
    ),
)


_EXIT_CODES = (
    ("0", "nothing to report"),
    ("1", "findings, stale output or a difference"),
    ("2", "wrong usage, files that cannot be read or written, nothing to work on"),
)


class Command(click.Command):
    """A command with the common options; `examples` and exit codes are shown at the end of its help."""

    def __init__(self, *arguments: Any, examples: str = "", **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.params.extend(COMMON)
        self.examples = examples

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The exit codes, the same for every command, and the examples, line for line."""
        with formatter.section("Exit codes"):
            formatter.write_dl(_EXIT_CODES)
        if self.examples:
            with formatter.section("Examples"):
                for line in self.examples.strip().splitlines():
                    formatter.write(f"{'':>{formatter.current_indent}}{line.strip()}\n")


def targets_known(context: click.Context, parameter: click.Parameter | None, value: Any) -> Any:
    """The callback of options that take targets' names: one, several or none."""
    from graymesh.did_you_mean import suggestion
    from graymesh.kit.registry import target_names

    for name in (value,) if isinstance(value, str) else value or ():
        if name not in target_names():
            message = f"there is no target {name!r}; {suggestion(name, target_names())}"
            raise click.BadParameter(message, context, parameter)
    return value


def complete_target(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """All targets that start like this, for shells."""
    from graymesh.kit.registry import target_names

    return [name for name in target_names() if name.startswith(incomplete)]


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest cell, two blanks apart, under a header."""
    lines = [tuple(header), *(tuple(printable(cell) for cell in row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    padded = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)
    return "\n".join(line.rstrip() for line in padded)


def printable(text: str) -> str:
    """The text with everything escaped that a terminal could take for a command."""
    if text.isascii() and text.isprintable():
        return text
    from graymesh.source.hidden import escaped

    return escaped(text)


def _for_logs(text: str) -> str:
    """The text on one line, with all escaped that a terminal or the log of a CI service could take for a command."""
    if text.isascii() and text.isprintable() and "##" not in text:
        return text
    from graymesh.report.shown import inline

    return inline(text)


def _meant_as_option(error: OSError) -> str:
    """What to do about a missing file that is called like an option."""
    name = error.filename
    if not isinstance(error, FileNotFoundError) or not isinstance(name, str):
        return ""
    return "; after `--` everything is a path, so put options before it" if os.path.relpath(name)[:1] == "-" else ""


def _not_read(error: NotReadError) -> Refused:
    from pathlib import Path

    from graymesh.diagnostic import Diagnostic, Refused
    from graymesh.language.project import shown

    file = shown(Path(error.filename).absolute())
    found = Diagnostic(code="GM022", message=error.strerror or "it is not read", help=error.help, file=file)
    return Refused((found,), usage=True)


def _texts(found: Sequence[Diagnostic]) -> dict[str, str]:
    """The texts of the files in which findings name a place, for excerpts.

    What cannot be read goes without, and so does what is no text: its bytes are nobody's to print.
    """
    from graymesh.diagnostic import START
    from graymesh.language import reading

    texts: dict[str, str] = {}
    places = [(item.file, item.span) for item in found]
    places += [(note.file, note.span) for item in found for note in item.notes]
    for name in {file for file, span in places if span != START and reading.descriptor(file) is None}:
        try:
            text = reading.read_named(name, _LARGEST_EXCERPTED)
            if b"\0" not in text:
                texts[name] = text.decode("utf-8")
        except (OSError, ValueError):
            continue
    return texts


def _print(stream: TextIO, text: str) -> bool:
    """Does anybody read it? A reader that goes away is no error."""
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        _silence(stream)
        return False
    return True


def _say(text: str) -> None:
    """On stderr; when that takes nothing, there is nobody left to tell, and the exit code says it."""
    try:
        _print(sys.stderr, text)
    except OSError:
        _silence(sys.stderr)


def _silence(stream: TextIO) -> None:
    """Whatever is written from now on goes nowhere, at exit as well."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _print_traceback(error: BaseException) -> None:
    import traceback

    traceback.print_exception(error)
