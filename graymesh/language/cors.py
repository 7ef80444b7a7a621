"""Pages of other origins: who may call the service from a browser, and what of its answers they may read."""

from __future__ import annotations

from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from graymesh.ir.release import SAFE_METHODS, Cors
from graymesh.language.part import UNIQUE, Entries, Maybe, Part
from graymesh.language.problems import Malformed
from graymesh.language.values import TrueOrFalse
from graymesh.language.words import DurationSeconds, HeaderName, Method, Origin

MOST_ORIGINS: Final = 50
_NEVER_SENT: Final = ("CONNECT", "TRACE")
"""Fetch standard, "forbidden method"."""

_Headers = Annotated[tuple[HeaderName, ...], Entries(0, 50), UNIQUE]


class CorsSpec(Part):
    """What engines answer browsers that ask for a page of another origin (Fetch standard, CORS protocol)."""

    origins: Annotated[tuple[Origin, ...], Entries(1, MOST_ORIGINS), UNIQUE] = Field(
        description="The origins whose pages may call, exactly as browsers send them.",
        examples=[["https://app.example.com"]],
    )
    methods: Annotated[tuple[Method, ...], Entries(0, 9), UNIQUE] = Field(
        default=(),
        description="Methods that they may use besides GET, HEAD and POST, which are never refused.",
        examples=[["PUT", "DELETE"]],
    )
    headers: _Headers = Field(
        default=(),
        description="Request headers that they may set besides those that browsers never ask about; JSON needs "
        "Content-Type.",
        examples=[["Content-Type", "X-Token"]],
    )
    expose: _Headers = Field(
        default=(),
        description="Headers of answers that they may read besides those that are never hidden.",
        examples=[["X-Total-Count"]],
    )
    credentials: Annotated[bool, TrueOrFalse()] = Field(
        default=False, description="Whether requests may carry cookies and other credentials.", examples=[True]
    )
    max_age_seconds: Maybe[DurationSeconds] = Field(
        alias="maxAge",
        default=None,
        description="How long browsers may remember the answer to a preflight; 5s or so when left out.",
        examples=["10m"],
    )

    @model_validator(mode="after")
    def _browsers_send_them(self) -> Self:
        for index, method in enumerate(self.methods):
            if method in _NEVER_SENT:
                message = f"browsers send no {method} for any page"
                raise Malformed("GM110", message, "leave it out", below=("methods", index), needless=True)
        return self

    def meant(self) -> Cors:
        """The same without order and without what needs no word."""
        return Cors(
            origins=tuple(sorted(self.origins)),
            methods=tuple(sorted(set(self.methods) - set(SAFE_METHODS))),
            headers=tuple(sorted(self.headers)),
            expose=tuple(sorted(self.expose)),
            credentials=self.credentials,
            max_age_seconds=self.max_age_seconds,
        )
