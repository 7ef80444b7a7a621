"""CORS preflights: what a browser asks before it sends a request of a page from another origin.

Source: the Fetch standard, "CORS-preflight fetch": OPTIONS with Origin and Access-Control-Request-Method. It carries no
cookies and none of the headers that the request itself will have.
"""

from __future__ import annotations

from typing import Final

from graymesh.ir.release import Condition, Field, Kind, OneOf, Present, Test

ORIGIN: Final = Field(Kind.HEADER, "origin")

PREFLIGHT: Final[Condition] = (
    (
        Test(Field(Kind.HEADER, "access-control-request-method"), Present()),
        Test(ORIGIN, Present()),
        Test(Field(Kind.METHOD), OneOf(("OPTIONS",))),
    ),
)
