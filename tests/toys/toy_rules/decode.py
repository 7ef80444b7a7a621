"""What rules a toy finds in its files; whatever it does not know is refused."""

from __future__ import annotations

from typing import Any

from graymesh.diagnostic import Refused
from graymesh.kit.target import Decoded, Files, Refusal, Statement
from graymesh.source import load_artifacts

_RULES = ("limits.qps", "guards.errorRate.bp", "guards.errorRate.window.ms")


def decode(files: Files) -> Decoded:
    """One statement for each file; none of one that is not understood."""
    statements: list[Statement] = []
    refusals: list[Refusal] = []
    for file, text in sorted(files.items()):
        try:
            (source,) = load_artifacts(text, file)
            statements.append(_statement(file, source.data))
        except (Refused, ValueError, TypeError) as error:
            refusals.append(Refusal(file=file, field="YAML", message=str(error)))
    return Decoded(tuple(statements), tuple(refusals))


def _statement(file: str, data: Any) -> Statement:
    if set(data) != {"release", "strict", "rules"} or not isinstance(data["strict"], bool):
        raise ValueError("has other keys than a toy knows")
    settings = {}
    for rule in data["rules"]:
        if set(rule) != {"version", "rule", "value"} or rule["rule"] not in _RULES:
            raise ValueError("has a rule that a toy does not know")
        settings[rule["version"], rule["rule"]] = rule["value"]
    strict = {("", "toy.strict"): int(data["strict"])}
    return Statement(data["release"], {**settings, **strict}, file=file)
