"""`graymesh route`: one request, its version, and the reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from graymesh.commands.base import Command, Terminal, complete_target, printable, targets_known

if TYPE_CHECKING:
    from graymesh.ir.release import Release
    from graymesh.ir.semantics import Decision, Request
    from graymesh.language.case import Case


def _pairs(separator: str, example: str) -> Any:
    def callback(_: click.Context, parameter: click.Parameter, values: Sequence[str]) -> tuple[tuple[str, str], ...]:
        pairs = [value.partition(separator) for value in values]
        for name, found, _value in pairs:
            if not name.strip() or not found:
                raise click.BadParameter(f"give it as {example!r}", param=parameter)
        return tuple((name.strip(), value.strip()) for name, _found, value in pairs)

    return callback


def _bucket(_: click.Context, parameter: click.Parameter, value: str | None) -> int | None:
    from graymesh.language.problems import Malformed
    from graymesh.language.scalars import bucket

    try:
        return None if value is None else bucket(value)
    except Malformed as wrong:
        raise click.BadParameter(f"{wrong.message}: {wrong.advice}", param=parameter) from None


@click.command(
    cls=Command,
    examples="""
    graymesh route releases/shop.yaml --cookie beta=1 --path /products/42
    graymesh route releases/shop.yaml --header 'X-Gray-Version: v2' --target istio
    graymesh route releases/shop.yaml --bucket 03ff --stage gray-20
    """,
)
@click.argument("spec", type=click.Path(path_type=Path))
@click.option(
    "--header",
    "headers",
    metavar="LINE",
    multiple=True,
    callback=_pairs(":", "Name: value"),
    help="A request header, 'Name: value'.",
)
@click.option(
    "--cookie",
    "cookies",
    metavar="PAIR",
    multiple=True,
    callback=_pairs("=", "name=value"),
    help="A cookie, name=value.",
)
@click.option(
    "--query", metavar="PAIR", multiple=True, callback=_pairs("=", "name=value"), help="A query parameter, name=value."
)
@click.option(
    "--claim",
    "claims",
    metavar="PAIR",
    multiple=True,
    callback=_pairs("=", "name=value"),
    help="A claim of a verified token, name=value.",
)
@click.option("--source", metavar="ADDRESS", default="192.0.2.1", help="The client's address (192.0.2.1).")
@click.option("--path", metavar="PATH", default="/", help="The path of the URL (/).")
@click.option("--host", metavar="HOST", help="The host name asked for (the release's first).")
@click.option("--method", metavar="METHOD", default="GET", help="The request method (GET).")
@click.option(
    "--bucket",
    metavar="DIGITS",
    callback=_bucket,
    help="The user's bucket, the last four hex digits of the ticket, like 03ff.",
)
@click.option("--stage", metavar="STAGE", help="Another stage than the one where the release stands.")
@click.option(
    "--target",
    "-t",
    "target_name",
    callback=targets_known,
    shell_complete=complete_target,
    metavar="TARGET",
    help="Ask the compiled files of this target instead.",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to print the answer.")
@click.pass_obj
def command(
    terminal: Terminal, /, spec: Path, stage: str | None, target_name: str | None, form: str, **parts: Any
) -> int:
    """Show which version of the release in SPEC gets a request, and why."""
    from graymesh.commands.single import one_case

    case, release = one_case(terminal, spec, stage)
    request = _request(case, release, **parts)
    answers = (
        list(_on_target(case, release, target_name, request)) if target_name else [("", _by_spec(release, request))]
    )
    if not answers:
        raise click.UsageError(f"{target_name} serves no {request.host}")
    down = _when_down(case, release, target_name, answers)
    terminal.out(_json(request, answers, down) if form == "json" else _text(answers, down), end="")
    return 0


def _request(case: Case, release: Release, bucket: int | None, host: str | None, source: str, **parts: Any) -> Request:
    from graymesh.ir.semantics import Request, address
    from graymesh.ir.tickets import ticket_of

    try:
        address(source)
    except ValueError:
        raise click.BadParameter(f"{source!r} is not an address", param_hint="--source") from None
    if bucket is not None:
        sticky = case.rollout.spec.sticky
        if sticky is None:
            raise click.BadParameter("the release is not sticky, so users have no ticket", param_hint="--bucket")
        parts["cookies"] = (*parts["cookies"], (sticky.cookie.name, ticket_of(bucket)))
    return Request(host=host or (*release.domains, release.host)[0], source=source, **parts)


def _by_spec(release: Release, request: Request) -> Decision:
    from graymesh.ir.semantics import decide

    return decide(release.table, request)


def _on_target(case: Case, release: Release, name: str, request: Request) -> Iterator[tuple[str, Decision]]:
    """What each of the target's decoded services for the host decides, in the release's own words."""
    from graymesh.compile.compiler import decoded
    from graymesh.ir.semantics import host_without_port
    from graymesh.kit.deciding import decided_by
    from graymesh.kit.registry import target

    seen = target(name).received(request)
    for service in decoded(case, release, name):
        if host_without_port(seen.host) in service.hosts:
            yield service.scope, decided_by(target(name).manifest, service.decision, seen)


def _when_down(
    case: Case, release: Release, target_name: str | None, answers: Sequence[tuple[str, Decision]]
) -> Mapping[str, Mapping[str, str]]:
    """Canary that may answer → what each engine gives while none of its instances takes connections, by target.

    That is stable's answer where the spec asks for it and the engine can.
    """
    asked = [each for each in case.targets if each.down and target_name in (None, each.name)]
    canaries = {version.name for version in release.versions if version.canary}
    reached = dict.fromkeys(share.version for _, decision in answers for share in decision.shares if share.basis_points)
    stable = {each.name: f"{release.stable} by {each.title}" for each in asked if each.can("fallback")}
    told = {each.name: each.down for each in asked}
    return {
        name: {**told, **(stable if (name, "fallback") in release.facts else {})}
        for name in reached
        if name in canaries and told
    }


def _text(answers: Sequence[tuple[str, Decision]], down: Mapping[str, Mapping[str, str]]) -> str:
    from graymesh.ir.wording import effects, shares, why

    lines = []
    for scope, decision in answers:
        nobody = "the engine itself" if decision.answered else "nobody (404)"
        said = shares(decision.route.split, {}) if decision.route else nobody
        lines.append(f"{said} ({scope})" if scope else said)
        lines.append(f"  {why(decision)}")
        lines += [f"  {effect}" for effect in effects(decision.route, {})] if decision.route else []
    lines += [f"if {version} is down: {', '.join(told.values())}" for version, told in down.items()]
    return "".join(printable(line) + "\n" for line in lines)


def _json(request: Request, answers: Sequence[tuple[str, Decision]], down: Mapping[str, Mapping[str, str]]) -> str:
    from graymesh.report import contracts

    return contracts.text(contracts.route_answer(request, answers, down))
