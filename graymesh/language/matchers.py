"""Matchers as they are written: a bare value, a list, `{prefix:}`, `{suffix:}`, `{regex:}`, `{absent: true}`, …

Read by hand, so that a mistake gives one clear problem and not one per form that it might have been.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, assert_never

from graymesh.did_you_mean import certain, listed, quoted, suggestion
from graymesh.ir.release import Absent, Buckets, Matcher, Networks, OneOf, PathPrefix, Prefix, Present, Regex, Suffix
from graymesh.language.part import Entries
from graymesh.language.problems import Malformed, Several, each, wrong_type
from graymesh.language.scalars import PATTERN, pattern
from graymesh.language.values import Plain, Schema, Text

MOST_VALUES: Final = 200
"""Values of one list."""
_SOME: Final = Entries(1, MOST_VALUES)

_REGEX = Text("a regular expression", pattern, PATTERN)
_FORMS = {
    "prefix": ("Starts with", "The value starts with these characters.", "beta-"),
    "suffix": ("Ends with", "The value ends with these characters.", "-beta"),
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
    "suffix": (
        "Ends with",
        "The path ends with these characters, which may begin within a segment: .json takes /a.json and /b/c.json.",
        ".json",
    ),
    "regex": ("Regular expression", "The whole path matches this expression.", "/api/v[34]/.*"),
}
_HOST_FORMS = {
    "suffix": (
        "Ends with",
        "The host name ends with these characters: .beta.example.com takes a.beta.example.com, not beta.example.com.",
        ".beta.example.com",
    ),
}
"""Title, description and example of each form, for editors and `graymesh explain`."""
_OTHER_TOOLS_SAY = {
    "exact": "write the value alone, without a key",
    "equals": "write the value alone, without a key",
    "value": "write the value alone, without a key",
    "in": "write a list of values",
    "oneof": "write a list of values",
    "contains": "use {regex: …}; it must match the whole value",
    "startswith": "use {prefix: …}",
    "endswith": "use {suffix: …}",
    "exists": "use {present: true}",
    "not": "conditions are positive; send the others away by an earlier route",
}


class ValueMatcher(Plain):
    """A matcher of a header, cookie, query parameter or claim: values are of `text`, what they end with of `end`."""

    forms: Mapping[str, tuple[str, str, Any]] = _FORMS

    def __init__(self, text: Text, end: Text | None = None) -> None:
        self.text, self.end = text, end or text

    def read(self, value: Any) -> Matcher:
        """The matcher as the language means it; values of a list sorted, without repetition."""
        if isinstance(value, list):
            values = each(enumerate(_SOME.checked(list, value)), self.text.read).values()
            return OneOf(tuple(sorted(set(values))))
        if not isinstance(value, dict):
            return OneOf((self.text.read(value),))
        form = self._only_form(value)
        return each(value.items(), lambda text: self._form(form, text))[form]

    def write(self, value: Matcher) -> Any:
        """The shortest way to write it."""
        return written(value)

    def schema(self) -> Schema:
        """Text, a list, or an object with one of the forms."""
        text = self.text.schema()
        several = {"type": "array", "items": text, "maxItems": MOST_VALUES, "minItems": 1}
        return {"anyOf": [text, several, *(self._object(form) for form in self.forms)]}

    def prefix(self, text: str) -> Matcher:
        """What `{prefix: text}` means."""
        return Prefix(text)

    def _only_form(self, value: dict[str, Any]) -> str:
        unknown = [self._unknown(form) for form in value if form not in self.forms]
        if unknown:
            raise Several(unknown)
        if len(value) != 1:
            said = "says several things at once: " + listed(value) if value else "is empty"
            raise Malformed("GM110", f"the matcher {said}", "one of " + listed(self.forms))
        return next(iter(value))

    def _unknown(self, form: str) -> Malformed:
        known = _OTHER_TOOLS_SAY.get(form.lower(), "")
        sure = "" if known else certain(form, self.forms) or ""
        message = f"{quoted(form)} is not a matcher here"
        return Malformed("GM101", message, known or suggestion(form, self.forms), sure, below=(form,), at_key=True)

    def _form(self, form: str, value: Any) -> Matcher:
        match form:
            case "prefix":
                return self.prefix(self.text.read(value))
            case "suffix":
                return Suffix(self.end.read(value))
            case "regex":
                return _portable(_REGEX.read(value))
        if value is True:
            return Present() if form == "present" else Absent()
        if value is not False:
            raise wrong_type(value, "true", f"write {{{form}: true}}")
        other = "absent" if form == "present" else "present"
        raise Malformed("GM104", f"{form} can only be true", f"write {{{other}: true}}")

    def _object(self, form: str) -> Schema:
        title, description, example = self.forms[form]
        behind = {"prefix": self.text, "suffix": self.end, "regex": _REGEX}.get(form)
        about = {"title": title, "description": description, "examples": [example]}
        properties = {form: {**about, **(behind.schema() if behind else {"const": True})}}
        return {"type": "object", "required": [form], "properties": properties, "additionalProperties": False}


class PathMatcher(ValueMatcher):
    """A matcher of the path; a prefix goes by whole segments, a suffix by characters."""

    forms = _PATH_FORMS

    def prefix(self, text: str) -> Matcher:
        """The prefix without a slash at its end, except `/` itself."""
        return PathPrefix(text.rstrip("/") or "/")


class PlainPathMatcher(PathMatcher):
    """A path, a list of them or a prefix: what every engine can be told."""

    forms = {form: about for form, about in _PATH_FORMS.items() if form == "prefix"}  # noqa: RUF012


class HostMatcher(ValueMatcher):
    """A matcher of the host name."""

    forms = _HOST_FORMS


def written(meant: Matcher) -> str | list[str] | dict[str, str | bool]:
    """A bare value, a list, or a mapping with the matcher's form. Raises TypeError for one that nobody can write."""
    match meant:
        case OneOf((value,)):
            return value
        case OneOf(values):
            return list(values)
        case Prefix(value) | PathPrefix(value):
            return {"prefix": value}
        case Suffix(value):
            return {"suffix": value}
        case Regex(pattern):
            return {"regex": pattern}
        case Present():
            return {"present": True}
        case Absent():
            return {"absent": True}
        case Buckets() | Networks():
            raise TypeError(f"{type(meant).__name__} is not a matcher of the language")
        case _:
            assert_never(meant)


def _portable(text: str) -> Regex:
    from graymesh.proof.regex.portable import problems

    found = problems(text)
    if not found:
        return Regex(text)
    where = f"of the pattern {quoted(text)}"
    raise Several(
        Malformed("GM114", f"{quoted(wrong.construct)} at column {wrong.column} {where}: {wrong.message}")
        for wrong in found
    )
