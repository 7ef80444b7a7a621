"""The steps of a release and how much of the traffic each gives to the canaries."""

from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import Field, model_validator

from graymesh.did_you_mean import quoted
from graymesh.ir.release import WHOLE
from graymesh.language.part import Entries, Maybe, Part, Refers
from graymesh.language.problems import Malformed, Several
from graymesh.language.service import MOST_VERSIONS
from graymesh.language.words import DurationMs, LocalName, VersionName, Weight

MOST_STAGES = 30


class Stage(Part):
    """One step of the release."""

    name: LocalName = Field(description="Name of the stage.", examples=["gray-5"])
    weight_basis_points: Maybe[Weight] = Field(
        alias="weight",
        default=None,
        description="Percent of the users whom no route takes that get the canary; at most two decimals.",
        examples=[5],
    )
    split: Maybe[Annotated[dict[VersionName, Weight], Entries(1, MOST_VERSIONS), Refers("version")]] = Field(
        default=None,
        description="Percent for each of several canaries, instead of a weight; the rest goes to stable.",
        examples=[{"v2": 5, "v3": 5}],
    )
    hold_ms: Maybe[DurationMs] = Field(
        alias="hold",
        default=None,
        description="Shortest time at this stage before the next one.",
        examples=["30m"],
    )

    def weights(self, canaries: Sequence[str]) -> dict[str, int]:
        """Basis points of every canary at this stage, in the canaries' order."""
        if self.split is not None:
            return {name: self.split.get(name, 0) for name in canaries}
        return dict.fromkeys(canaries, self.weight_basis_points or 0)

    @model_validator(mode="after")
    def _gives_shares_of_one_whole(self) -> Self:
        problems = []
        if self.weight_basis_points is not None and self.split is not None:
            advice = "weight is for one canary, split for several"
            problems.append(Malformed("GM110", f"stage {quoted(self.name)} has both a weight and a split", advice))
        if self.weight_basis_points is None and self.split is None:
            message = f"stage {quoted(self.name)} has no weight"
            problems.append(Malformed("GM103", message, "weight: 5, or split: {v2: 5, v3: 5}"))
        if sum((self.split or {}).values()) > WHOLE:
            message = "the shares add up to more than 100"
            problems.append(Malformed("GM113", message, "the rest goes to stable", below=("split",)))
        if problems:
            raise Several(problems)
        return self
