"""`python -m tests.conformance engines` sets up what is missing, `… run` holds what is there to the reference."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import click

from tests.conformance import istio_setup, kubernetes, nginx_setup, report, sentinel, sentinel_checks, spring, tables
from tests.conformance.acceptance import ENGINES, complaints
from tests.conformance.bends import BENDS
from tests.conformance.cache import Say
from tests.conformance.kubernetes import Kubernetes
from tests.conformance.sentinel_subjects import everything_at_all_stages, files_at
from tests.conformance.suite import Result, run
from tests.conformance.traffic import BRIEF, THOROUGH, Effort

SETUPS: Mapping[str, Callable[[Say], None]] = {
    "nginx": nginx_setup.setup,
    "spring-cloud-gateway": spring.setup,
    "sentinel": sentinel.setup,
    "istio": istio_setup.setup,
    "kubernetes": kubernetes.setup,
}
_SHOWN = 20
_started = time.monotonic()


def say(text: str) -> None:
    """A line of progress with the time since the start."""
    click.echo(f"[{time.monotonic() - _started:6.1f} s] {text}", err=True)


@click.group()
def main() -> None:
    """Engines on loopback, and what they do with graymesh's output."""


@main.command()
@click.argument("names", nargs=-1, type=click.Choice(list(SETUPS)))
def engines(names: tuple[str, ...]) -> None:
    """Set up the named engines, or all; goes on where it was interrupted. Exit code 1 when one cannot be had."""
    missing = []
    for name in names or SETUPS:
        try:
            SETUPS[name](say)
        except (RuntimeError, OSError) as error:
            missing.append(name)
            say(f"{name}: NOT AVAILABLE: {error}")
    click.echo(f"engines set up: {len(names or SETUPS) - len(missing)}, not available: {', '.join(missing) or 'none'}")
    sys.exit(1 if missing else 0)


@main.command(name="run")
@click.option("--engine", "names", multiple=True, type=click.Choice(list(ENGINES)), help="Only these engines.")
@click.option("--bend", type=click.Choice(list(BENDS)), help="Break the lowering so; the run must fail.")
@click.option("--brief", is_flag=True, help="Fewer ways of saying each request, for continuous integration.")
@click.option("--allow-none", is_flag=True, help="No engine at all is no failure, only loud.")
@click.option("--write-report", is_flag=True, help="Keep the numbers in report.json, for the documentation's tables.")
def run_engines(names: tuple[str, ...], bend: str | None, brief: bool, allow_none: bool, write_report: bool) -> None:
    """Hold the engines that are there to the reference. Exit code 1 for a disagreement, or when none is there."""
    results = [each for each in (_run(name, bend, BRIEF if brief else THOROUGH) for name in names or ENGINES) if each]
    for each in results:
        for problem in each.problems[:_SHOWN]:
            click.echo(f"{each.engine}: {problem}")
    click.echo(report.table(results))
    if write_report:
        report.write({each.engine: report.entry(each) for each in results} | _rules())
    sys.exit(1 if any(each.problems for each in results) or not (results or allow_none) else 0)


@main.command(name="tables")
def renew_tables() -> None:
    """Renew the documentation's support tables from report.json."""
    tables.write()


def _run(name: str, bend: str | None, effort: Effort) -> Result | None:
    engine = ENGINES[name]()
    why = engine.available()
    if why:
        click.echo(f"!!! {name.upper()} IS NOT TRIED: {why}; make engines sets it up")
        return None
    with _admission(name) as admission:
        check = lambda files, releases: complaints(engine, files, releases, admission)  # noqa: E731
        return run(engine, check, say, bend=BENDS[bend] if bend else None, effort=effort)


def _rules() -> dict[str, dict[str, Any]]:
    """What Sentinel's managers hold of the examples and cases, where Sentinel is there."""
    engine = sentinel.Sentinel()
    if engine.available():
        return {}
    engine.start()
    try:
        files = [files_at(cases, stage) for _, cases, stage in everything_at_all_stages()]
        done = [sentinel_checks.held(engine, each) for each in files]
    finally:
        engine.stop()
    wrong = sum(len(each.problems) for each in done)
    return {"sentinel": report.rules_entry(engine.version, len(files), sum(each.rules for each in done), wrong)}


@contextmanager
def _admission(name: str) -> Iterator[Kubernetes | None]:
    """The API server, where objects are for it and it is there."""
    if name != "istio":
        yield None
        return
    server = Kubernetes()
    why = server.available()
    if why:
        click.echo(f"!!! THE API SERVER IS NOT TRIED: {why}; make engines sets it up")
        yield None
        return
    server.start()
    try:
        yield server
    finally:
        server.stop()


if __name__ == "__main__":
    main(prog_name="python -m tests.conformance")
