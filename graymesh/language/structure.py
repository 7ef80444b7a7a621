"""What models are made of: which keys they have, and what may stand at a place of a file. Reads their annotations."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, NamedTuple, TypeAlias, get_args, get_origin

from pydantic.fields import FieldInfo

from graymesh.diagnostic import Pointer
from graymesh.language.part import Part, camel_case

Model: TypeAlias = type[Part]


class Shape(NamedTuple):
    """A type without the `Annotated` around it, and what else stands in there."""

    type: Any
    marks: tuple[Any, ...]

    @property
    def model(self) -> Model | None:
        """The type, when it is a model."""
        return self.type if isinstance(self.type, type) and issubclass(self.type, Part) else None

    @property
    def item(self) -> Any:
        """The type of a list's items or of a mapping's values; None for other types."""
        origin, arguments = get_origin(self.type), get_args(self.type)
        return {tuple: arguments[:1], dict: arguments[1:]}.get(origin, (None,))[0]


@cache
def fields(model: Model) -> Mapping[str, FieldInfo]:
    """The model's keys as written; pydantic knows them only once the model is built."""
    return {field.alias or camel_case(name): field for name, field in model.model_fields.items()}


def shape(field: FieldInfo) -> Shape:
    """What a field holds."""
    found = peeled(field.annotation)
    return Shape(found.type, (*found.marks, *field.metadata))


def peeled(annotation: Any, marks: tuple[Any, ...] = ()) -> Shape:
    """The type inside of an annotation."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return peeled(arguments[0], (*arguments[1:], *marks))
    return Shape(annotation, marks)


def at(model: Model, path: Pointer) -> Shape:
    """What may stand at a path: of a file that the model describes. The last known type where the path leads out."""
    found = Shape(model, ())
    for step in path:
        if found.model:
            if step not in fields(found.model):
                return found
            found = shape(fields(found.model)[str(step)])
        elif found.item is not None:
            found = peeled(found.item)
    return found
