"""What is done to requests on purpose: copies, delays and errors."""

from __future__ import annotations

from graymesh.language.numbers import Whole
from graymesh.language.record import One, Record, field
from graymesh.language.shapes import Place, Reference
from graymesh.language.words import DURATION_MS, PERCENTAGE


class Mirror(Record):
    """A copy of requests whose answers are thrown away."""

    version: str = field(Reference("version"), "The version that gets the copies.", example="v2")
    share_basis_points: int = field(
        PERCENTAGE, "Share of the requests that are copied.", example="10%", written="share", default="100%"
    )


class Delay(Record):
    """Answers that come late on purpose."""

    time_ms: int = field(DURATION_MS, "How late the answers come.", example="2s", written="time")
    share_basis_points: int = field(
        PERCENTAGE, "Share of the route's requests.", example="10%", written="share", default="100%"
    )


class Abort(Record):
    """Requests that fail on purpose."""

    status: int = field(Whole(400, 599), "The status they are answered with.", example=503)
    share_basis_points: int = field(
        PERCENTAGE, "Share of the route's requests.", example="1%", written="share", default="100%"
    )


class Fault(Record):
    """Delays and errors made on purpose."""

    delay: Delay | None = field(One(Delay), "Answers that come late.", default=None)
    abort: Abort | None = field(One(Abort), "Requests that fail.", default=None)

    def problems(self, place: Place) -> None:
        """A delay, an abort, or both."""
        if not self.delay and not self.abort:
            place.report("GM110", "the fault is empty", "give it a delay, an abort, or both")
