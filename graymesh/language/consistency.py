"""What the parts of a spec only say together: weights and their canaries, room for buckets, headers of one name."""

from __future__ import annotations

from collections.abc import Sequence

from graymesh.diagnostic import Note
from graymesh.did_you_mean import listed, quoted
from graymesh.ir.release import BUCKETS
from graymesh.language.policies import Trace
from graymesh.language.routing import Edge, Stage, largest_weights
from graymesh.language.shapes import Place


def check_shares(stages: Sequence[Stage], stable: str, canaries: Sequence[str], place: Place) -> None:
    """A weight belongs to the only canary; a split names canaries, stable gets the rest. `place` is that of stages."""
    for index, stage in enumerate(stages):
        if stage.split and stable in stage.split:
            below = place.below(index).below("split").below(stable, at_key=True)
            below.report("GM110", f"{quoted(stable)} is stable and gets the rest", "leave it out")
        if stage.weight_basis_points and len(canaries) != 1:
            have = f"there are {listed(canaries)}" if canaries else "there is no version but stable"
            advice = f"write split: {{{canaries[0]}: …}}" if canaries else "add the canary to versions"
            place.below(index).below("weight").report("GM110", f"a weight is for one canary, and {have}", advice)


def check_room(stages: Sequence[Stage], canaries: Sequence[str], place: Place) -> None:
    """Every canary keeps its users' buckets, so all must fit at their largest. `place` is that of the spec."""
    if not stages:
        place.below("sticky").report("GM110", "there are no stages whose users could be kept", "add stages")
    largest = largest_weights(stages, canaries)
    total = sum(largest.values())
    if total > BUCKETS:
        parts = " and ".join(f"{name} {weight / 100:g}" for name, weight in largest.items())
        message = f"with sticky, the largest weights must fit side by side: {parts} are {total / 100:g}, more than 100"
        place.below("stages").report("GM113", message, "lower the largest weight of a canary, or leave sticky out")


def check_headers(edge: Edge, trace: Trace, place: Place) -> None:
    """One request header cannot carry both the lane and the trace. `place` is that of the spec."""
    if trace.header == edge.header:
        note = Note(place.below("edge").path, "the edge sets it")
        message = f"{quoted(trace.header)} is the lane header too"
        place.below("trace").below("header").report("GM110", message, "choose another header", (note,))
