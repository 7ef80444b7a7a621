"""Matchers as they are written: a bare value, a list, `{prefix:}`, `{regex:}`, `{present: true}`, `{absent: true}`.

Read by hand, so that a mistake gives one clear problem and not one per form that it might have been.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graymesh.did_you_mean import certain, listed, quoted, suggestion
from graymesh.ir.release import Absent, Matcher, OneOf, PathPrefix, Prefix, Present, Regex
from graymesh.language.scalars import PATTERN, Malformed, pattern
from graymesh.language.shapes import ListOf, Place, Reported, Schema, Text, read_into, wrong_type

MOST_VALUES = 200
"""Values of one list."""

_REGEX = Text("a regular expression", pattern, PATTERN)
_FORMS = {
    "prefix": ("Starts with", "The value starts with these characters.", "beta-"),
    "regex": (
        "Regular expression",
        "The whole value matches this expression, in the subset that every engine reads alike.",
        "v[23]",
    ),
    "present": ("Present", "There is a value, and it is not empty.", True),
    "absent": ("Absent", "There is no value, or an empty one.", True),
}
_PATH_FORMS = {
    "prefix": (
        "Below",
        "This path and all below it, by whole segments: /api takes /api and /api/x, never /apix.",
        "/api/v3",
    ),
    "regex": ("Regular expression", "The whole path matches this expression.", "/api/v[34]/.*"),
}
"""Title, description and example of each form, for editors and `graymesh explain`."""
_OTHER_TOOLS_SAY = {
    "exact": "write the value alone, without a key",
    "equals": "write the value alone, without a key",
    "value": "write the value alone, without a key",
    "in": "write a list of values",
    "oneof": "write a list of values",
    "suffix": "use {regex: …}; it must match the whole value",
    "contains": "use {regex: …}; it must match the whole value",
    "exists": "use {present: true}",
    "not": "conditions are positive; send the others away by an earlier route",
}


class ValueMatcher:
    """A matcher of a header, cookie, query parameter or claim whose values are of `text`."""

    space = ""
    forms: Mapping[str, tuple[str, str, Any]] = _FORMS

    def __init__(self, text: Text[str]) -> None:
        self.text = text
        self._list = ListOf(text, least=1, most=MOST_VALUES)

    def read(self, value: Any, place: Place) -> Matcher:
        """The matcher as the language means it; values of a list sorted, without repetition."""
        if isinstance(value, list):
            return OneOf(tuple(sorted(set(self._list.read(value, place)))))
        if not isinstance(value, dict):
            return OneOf((self.text.read(value, place),))
        self._check_one_form(value, place)
        form, written = next(iter(value.items()))
        found: dict[str, Matcher] = {}
        read_into(found, form, _Form(self, form), written, place.below(form))
        if not found:
            raise Reported
        return found[form]

    def schema(self) -> Schema:
        """Text, a list, or an object with one of the forms."""
        forms = [_object(form, _about(*about), _Form(self, form).schema()) for form, about in self.forms.items()]
        return {"anyOf": [self.text.schema(), self._list.schema(), *forms]}

    def prefix(self, text: str) -> Matcher:
        """What `{prefix: text}` means."""
        return Prefix(text)

    def _check_one_form(self, value: dict[Any, Any], place: Place) -> None:
        unknown = [form for form in value if form not in self.forms]
        for form in unknown:
            known = _OTHER_TOOLS_SAY.get(str(form).lower(), "")
            sure = "" if known else certain(str(form), self.forms) or ""
            message, advice = f"{quoted(str(form))} is not a matcher here", known or suggestion(str(form), self.forms)
            place.below(form, at_key=True).report("GM101", message, advice, mended=sure)
        if unknown:
            raise Reported
        if len(value) != 1:
            said = "says several things at once: " + listed(value) if value else "is empty"
            raise Malformed("GM110", f"the matcher {said}", "one of " + listed(self.forms))


class PathMatcher(ValueMatcher):
    """A matcher of the path; a prefix goes by whole segments."""

    forms = _PATH_FORMS

    def prefix(self, text: str) -> Matcher:
        """The prefix without a slash at its end, except `/` itself."""
        return PathPrefix(text.rstrip("/") or "/")


class _Form:
    """What stands behind `prefix`, `regex`, `present` or `absent`."""

    space = ""

    def __init__(self, matcher: ValueMatcher, form: str) -> None:
        self.matcher, self.form = matcher, form

    def read(self, value: Any, place: Place) -> Matcher:
        if self.form == "prefix":
            return self.matcher.prefix(self.matcher.text.read(value, place))
        if self.form == "regex":
            return _portable(_REGEX.read(value, place), place)
        if value is not True:
            raise self._no_flag(value, place)
        return Present() if self.form == "present" else Absent()

    def schema(self) -> Schema:
        if self.form in ("present", "absent"):
            return {"const": True}
        return (_REGEX if self.form == "regex" else self.matcher.text).schema()

    def _no_flag(self, value: Any, place: Place) -> Malformed:
        if value is not False:
            return wrong_type(value, "true", place, f"write {{{self.form}: true}}")
        other = "absent" if self.form == "present" else "present"
        return Malformed("GM104", f"{self.form} can only be true", f"write {{{other}: true}}")


def _about(title: str, description: str, example: Any) -> Schema:
    return {"title": title, "description": description, "examples": [example]}


def _object(form: str, about: Schema, schema: Schema) -> Schema:
    properties = {form: {**about, **schema}}
    return {"type": "object", "required": [form], "properties": properties, "additionalProperties": False}


def _portable(text: str, place: Place) -> Regex:
    from graymesh.proof.regex.portable import problems

    found = problems(text)
    for problem in found:
        place.report(
            "GM114",
            f"{quoted(problem.construct)} at column {problem.column} of the pattern {quoted(text)}: {problem.message}",
        )
    if found:
        raise Reported
    return Regex(text)
