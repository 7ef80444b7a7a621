"""What is done to requests on purpose: copies, delays and errors."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from graymesh.language.part import Maybe, Part
from graymesh.language.problems import Malformed
from graymesh.language.values import Whole
from graymesh.language.words import DurationMs, Percentage, VersionRef


class MirrorSpec(Part):
    """A copy of requests whose answers are thrown away."""

    version: VersionRef = Field(description="The version that gets the copies.", examples=["v2"])
    share_basis_points: Percentage = Field(
        alias="share", default=10_000, description="Share of the requests that are copied.", examples=["10%"]
    )


class Delay(Part):
    """Answers that come late on purpose."""

    time_ms: DurationMs = Field(alias="time", description="How long answers are delayed.", examples=["2s"])
    share_basis_points: Percentage = Field(
        alias="share", default=10_000, description="Share of the route's requests.", examples=["10%"]
    )


class Abort(Part):
    """Requests that fail on purpose."""

    status: Annotated[int, Whole(400, 599)] = Field(description="The status they are answered with.", examples=[503])
    share_basis_points: Percentage = Field(
        alias="share", default=10_000, description="Share of the route's requests.", examples=["1%"]
    )


class FaultSpec(Part):
    """Delays and errors made on purpose."""

    delay: Maybe[Delay] = Field(default=None, description="Delayed answers.")
    abort: Maybe[Abort] = Field(default=None, description="Requests that fail.")

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if not self.delay and not self.abort:
            raise Malformed("GM110", "the fault is empty", "give it a delay, an abort, or both")
        return self
