"""`graymesh compile`: from specs to proven files."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from graymesh.commands.base import Command, Terminal, complete_target, printable, targets_known
from graymesh.commands.findings import format_option, output_option

if TYPE_CHECKING:
    from graymesh.compile.compiler import Compiled, Selection
    from graymesh.compile.folder import Folder
    from graymesh.compile.write import WritePlan
    from graymesh.diagnostic import Diagnostic
    from graymesh.language.project import Project


_NEEDS_AT_LENGTH = 3  # more are told by name, a line for each target


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """What to do with the files."""

    check: bool
    diff: bool
    stdout: bool
    force: bool
    mend: str
    path: str


@click.command(
    cls=Command,
    examples="""
    graymesh compile
    graymesh compile examples/shop -t istio -t nginx
    graymesh compile --stage half --diff
    graymesh compile --stage all -o /tmp/stages
    graymesh compile --check --output sarif=compile.sarif
    graymesh compile --check          # in CI: fails when the output is stale, and says what mends it
    graymesh compile --watch          # while you edit: a line for each run
    graymesh compile --stdout -t istio | kubectl diff -f -
    """,
)
@click.argument("path", default=".", type=click.Path(path_type=Path))
@click.option(
    "-t",
    "--target",
    "targets",
    multiple=True,
    callback=targets_known,
    shell_complete=complete_target,
    metavar="TARGET",
    help="Compile for this target only.",
)
@click.option(
    "--stage",
    metavar="STAGE",
    help="Compile this stage instead of the one where each release stands; `all` for every one.",
)
@click.option(
    "-o",
    "--output-folder",
    "output",
    type=click.Path(path_type=Path),
    help="The folder to write to (the project's output).",
)
@click.option(
    "--check", is_flag=True, help="Write nothing; fail when the output is not up to date or holds anything else."
)
@click.option("--diff", is_flag=True, help="Write nothing; show what would change in the files.")
@click.option("--stdout", is_flag=True, help="Write nothing; print the files; errors go to stderr.")
@click.option("--watch", is_flag=True, help="Compile again whenever a file changes, until Ctrl-C.")
@click.option("--force", is_flag=True, help="Overwrite files that were edited by hand or are not graymesh's.")
@format_option
@output_option
@click.pass_obj
def command(
    terminal: Terminal,
    path: Path,
    targets: tuple[str, ...],
    stage: str | None,
    output: Path | None,
    check: bool,
    diff: bool,
    stdout: bool,
    watch: bool,
    force: bool,
) -> int:
    """Compile the releases of the project at PATH (a project, a folder, a release; the working folder by default).

    Everything is read back and compared with the releases before it is written, all or nothing. PATH's whole project is
    compiled, since some files are shared by all releases.
    """
    from graymesh.compile.compiler import Selection

    if watch and (check or diff or stdout):
        raise click.UsageError("--watch writes files, so it does not go with --check, --diff and --stdout")
    terminal.aside = stdout
    mend = mending(path, targets, stage, output)
    way = _Way(check=check, diff=diff, stdout=stdout, force=force, mend=mend, path=shlex.quote(_as_path(path)))
    choice = Selection(targets=targets, stage=stage, infos=False)
    if watch:
        return _watched(terminal, path, choice, output, force)
    return _compiled(terminal, path, choice, output, way)


def _compiled(terminal: Terminal, path: Path, choice: Selection, output: Path | None, way: _Way) -> int:
    from graymesh.compile.compiler import compile_project
    from graymesh.language.project import find

    project = find(path)
    note_ignored(terminal, project)
    compiled = compile_project(project, choice, terminal.progress)
    if compiled.failed:
        terminal.report(told(compiled))
        terminal.log("nothing was written")
        return 1
    return _done(terminal, project, output or project.output, compiled, way)


def _watched(terminal: Terminal, path: Path, choice: Selection, output: Path | None, force: bool) -> int:
    """A line for each run; the findings before it when nothing could be written. Ends when nobody reads them."""
    from graymesh.commands.watching import watch

    def once() -> None:
        terminal.out(_run_line(terminal, path, choice, output, force))
        if terminal.unheard:
            raise BrokenPipeError

    if not path.exists():
        raise click.BadParameter(f"there is no file or folder {str(path)!r}", param_hint="PATH")
    with suppress(KeyboardInterrupt):
        watch(path, once)
    return 130


def _run_line(terminal: Terminal, path: Path, choice: Selection, output: Path | None, force: bool) -> str:
    from datetime import datetime

    from graymesh.compile.compiler import compile_project
    from graymesh.diagnostic import Refused
    from graymesh.language.project import find

    found: Sequence[Diagnostic] = ()
    said = "nothing was written"
    try:
        project = find(path)
        compiled = compile_project(project, choice, terminal.progress)
        found = [diagnostic for diagnostic in compiled.diagnostics if diagnostic.level == "error"]
        if not compiled.failed:
            said = _counts(_put(project, output or project.output, compiled, force))
    except Refused as refused:
        found = refused.diagnostics
    except OSError as error:
        said = f"{error.filename or path}: {error.strerror or error}; nothing was written"
    if found:
        terminal.report(found)
    return f"{datetime.now():%H:%M:%S} {printable(said)}"


def note_ignored(terminal: Terminal, project: Project) -> None:
    """Say that a project file was passed over."""
    if project.ignored:
        terminal.log(f"{project.ignored} belongs to another user and was not read")


def told(compiled: Compiled) -> list[Diagnostic]:
    """What stands in the way or should be thought about; `graymesh lint` tells the rest."""
    return [diagnostic for diagnostic in compiled.diagnostics if diagnostic.level != "info"]


def mending(path: Path, targets: Sequence[str], stage: str | None, output: Path | None) -> str:
    """The command that writes what was asked for."""
    words = ["graymesh", "compile", *([] if str(path) == "." else [_as_path(path)])]
    words += [word for name in targets for word in ("-t", name)]
    words += ["--stage", stage] if stage else []
    words += ["-o", _as_path(output)] if output else []
    return shlex.join(words)


def _as_path(path: Path) -> str:
    """The path as a word that is no option, whatever the folder is called."""
    return f"./{path}" if str(path).startswith("-") else str(path)


def _done(terminal: Terminal, project: Project, output: Path, compiled: Compiled, way: _Way) -> int:
    if way.check or way.diff:
        return _compared(terminal, project, output, compiled, way)
    if not way.stdout:
        return _written(terminal, project, output, compiled, way)
    terminal.save(told(compiled))
    terminal.out(_stream(compiled), end="")
    return 0


def _stream(compiled: Compiled) -> str:
    """All files as one text: Kubernetes objects as a stream of YAML documents, anything else under the files' names."""
    from graymesh.kit.registry import target

    files = compiled.files
    if files and all(target(name).manifest.kubernetes for name in {row.target for row in compiled.rows}):
        return "---\n".join(f"# {path}\n{text}" for path, text in files.items())
    if len(files) == 1:
        return next(iter(files.values()))
    return "".join(f"==> {path} <==\n{text}" for path, text in files.items())


def _compared(terminal: Terminal, project: Project, output: Path, compiled: Compiled, way: _Way) -> int:
    from graymesh.compile.write import open_output

    try:
        with open_output(output, project.root) as folder:
            found = _findings(terminal, folder, compiled, way)
    except FileNotFoundError:
        found = _all_missing(terminal, output, compiled, way)
    terminal.report([*told(compiled), *(found if way.check else ())])
    if not way.check:
        return 0
    if found and all(each.code == "GM919" for each in found):
        terminal.log("the output is up to date, but there is more in its folders")
    else:
        terminal.log(f"the output is not up to date; run: {way.mend}" if found else "the output is up to date")
    return 1 if found else 0


def _findings(terminal: Terminal, folder: Folder, compiled: Compiled, way: _Way) -> list[Diagnostic]:
    from graymesh.compile.write import findings, plan

    found = plan(folder, compiled.output)
    if way.diff:
        for entry in found.entries:
            if entry.state not in ("current", "blocked"):
                _print_diff(terminal, entry.path, _text(folder.read(entry.path)), _text(entry.wanted))
    return findings(folder, found, way.mend)


def _all_missing(terminal: Terminal, output: Path, compiled: Compiled, way: _Way) -> list[Diagnostic]:
    from graymesh.diagnostic import Diagnostic
    from graymesh.language.project import shown

    if way.diff:
        for path, text in compiled.files.items():
            _print_diff(terminal, path, "", text)
    message = "there is no such folder yet"
    return [Diagnostic(code="GM911", message=message, file=shown(output.absolute()), help=f"run: {way.mend}")]


def _text(data: bytes | None) -> str:
    return (data or b"").decode("utf-8", "replace")


def _print_diff(terminal: Terminal, path: str, old: str, new: str) -> None:
    from difflib import unified_diff

    lines = unified_diff(old.splitlines(), new.splitlines(), f"a/{path}", f"b/{path}", lineterm="")
    terminal.out("".join(_colored(printable(line), terminal.color) + "\n" for line in lines), end="")


def _colored(line: str, color: bool) -> str:
    code = {"+": "32", "-": "31", "@": "36"}.get(line[:1], "") if color else ""
    return f"\x1b[{code}m{line}\x1b[0m" if code else line


def _written(terminal: Terminal, project: Project, output: Path, compiled: Compiled, way: _Way) -> int:
    from graymesh.commands.summary import summary
    from graymesh.compile.write import strangers
    from graymesh.language.project import shown

    before = _put(project, output, compiled, way.force)
    terminal.log(f"{shown(output.absolute())}: {_counts(before)}")
    for line in _new_needs(before, way):
        terminal.log(line)
    terminal.report([*told(compiled), *strangers(output.absolute(), before.strangers, "warning")])
    if terminal.form == "text" and not terminal.quiet:
        terminal.out(summary(compiled.rows))
    return 0


def _new_needs(before: WritePlan, way: _Way) -> list[str]:
    """What targets need of whoever runs them that they did not need when this folder was last written."""
    from graymesh.compile.needs import unheard
    from graymesh.compile.written import needs_of_targets

    known = needs_of_targets(before.lists_before)
    found = {name: unheard(known.get(name, ""), text) for name, text in sorted(needs_of_targets(before.lists).items())}
    told = [f"{name} needs {line}" for name, lines in found.items() for line in lines]
    if len(told) > _NEEDS_AT_LENGTH:
        names = {name: ", ".join(line.partition(":")[0] for line in lines) for name, lines in found.items() if lines}
        told = [f"{name} needs of you: {text}" for name, text in names.items()]
    return [*told, f"what for: graymesh targets --needs {way.path}"] if told else []


def _put(project: Project, output: Path, compiled: Compiled, force: bool) -> WritePlan:
    """Writes the files; what was there before. A folder that was made for nothing is taken away again."""
    from graymesh.compile.write import open_output, write

    there = output.exists()
    try:
        with open_output(output, project.root, create=True) as folder:
            return write(folder, compiled.output, force)
    except BaseException:
        if not there:
            with suppress(OSError):
                output.rmdir()
        raise


def _counts(before: WritePlan) -> str:
    wrote = len(before.of("missing", "stale", "edited", "foreign"))
    gone = len(before.of("orphaned"))
    same = sum(entry.wanted is not None for entry in before.of("current"))
    return f"{wrote} written, {gone} removed, {same} unchanged"
