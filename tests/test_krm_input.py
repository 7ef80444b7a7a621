"""ResourceLists as they should not be: refused in words, and never with something of them lost in silence."""

from __future__ import annotations

import pytest
import yaml

from graymesh.commands.krm.function import run
from graymesh.commands.krm.resource_list import read, written
from graymesh.diagnostic import Refused

HEAD = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\n"
ROLLOUT = "- {{apiVersion: graymesh.io/v1alpha1, kind: Rollout, metadata: {{name: shop}}, spec: {}}}\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD + "items: *a\n", "the items in line 3 are not a list"),
        (HEAD + "results: &a []\nitems: *a\n", "the items in line 4 are not a list"),
        (HEAD + "items: text\n", "the items in line 3 are not a list"),
        (HEAD + "items: {a: 1}\n", "the items in line 3 are not a list"),
        (HEAD + "items: [a]\n", "what is in line 3 is not an object"),
        (HEAD + "items:\n- &a {b: 1}\n- *a\n", "what is in line 5 is not an object"),
        (HEAD + "functionConfig: [a]\n", "the functionConfig in line 3 is not an object"),
        (HEAD + "functionConfig: *a\n", "the functionConfig in line 3 is not an object"),
        (HEAD + "items: []\nitems: []\n", "the key 'items' appears twice, the second time in line 4"),
        (HEAD + "items:\n- kind: A\n  kind: B\n", "the key 'kind' appears twice, the second time in line 5"),
        (HEAD + "? [items]\n: []\n", "a key in line 3 is not text"),
        (HEAD + "*a : []\n", "a key in line 3 is not text"),
        (HEAD + "items: []\n---\nkind: Service\n", "a second document begins in line 4"),
        (HEAD + "items: []\n---\n", "a second document begins in line 4"),
        (HEAD + "items:\n- {a: &x 1}\n- {b: *x}\n", "the alias '*x' in line 5 refers to something outside"),
        (HEAD + "results: &x 1\nitems:\n- {b: *x}\n", "the alias '*x' in line 5 refers to something outside"),
        (HEAD + "items:\n- {b: *x}\n", "the alias '*x' in line 4 refers to something outside"),
        (HEAD + "items:\n- {*x : 1}\n", "the alias '*x' in line 4 refers to something outside"),
        ("%TAG !e! tag:example.com,2000:\n---\n" + HEAD, "a directive in line 1"),
        ("%YAML 1.1\n---\n" + HEAD, "a directive in line 1"),
        (HEAD + 'items: [{a: "\\ud800"}]\n', "the input is not YAML in line 3"),
        ("", "the input holds no mapping"),
        ("---\n---\n" + HEAD, "the input holds no mapping"),
    ],
)
def test_refused(text: str, said: str) -> None:
    with pytest.raises(Refused) as error:
        read(text)
    assert error.value.usage
    assert said in error.value.diagnostics[0].message


@pytest.mark.parametrize(
    "items",
    [
        "items:\n- a: &x 1\n  b: *x\n",
        "items:\n- &x\n  a: 1\n- &y {b: 1}\n",
        "items:\n  - a: |+\n      x\n\n  # not x\n  - b: 1\n",
        "items:\n    - a: >-\n        x\n# not x\n\n    - b: 'c\n\n  d'\n",
        'items: [{"a": 1, "b": [\n{"c": 2}\n]},\n {"d": "\\u00e9"}]\n',
        "items:\n- !!map\n  a: 1\n",
        "items: ~\n",
        "items:\n",
        "items: []\n...\n",
        "",
    ],
)
def test_goes_through_unchanged(items: str) -> None:
    given = HEAD + items
    out = written([item.text for item in read(given).items], [])
    assert yaml.safe_load(out)["items"] == (yaml.safe_load(given).get("items") or [])


def test_a_byte_order_mark_is_no_part_of_the_list() -> None:
    assert [item.text for item in read("\ufeff" + HEAD + "items:\n- a: é\n- b: 1\n").items] == ["a: é\n", "b: 1\n"]


def test_comments_stay_with_their_objects() -> None:
    text = HEAD + (
        "items: # one\n# two\n- # three\n  a: 1 # four\n  # five\n# six\n- {b: 1} # seven\n# eight\n"
        "- c: |\n    x # text\n\n  # nine\n# ten\n"
    )
    out = written([item.text for item in read(text).items], [])
    assert out == HEAD + (
        "items:\n- # one\n  # two\n  # three\n  a: 1 # four\n  # five\n  # six\n- {b: 1} # seven\n- # eight\n"
        "  c: |\n    x # text\n\n  # nine\n  # ten\n"
    )


def test_comments_of_a_list_in_brackets() -> None:
    text = HEAD + "items: [{a: 1}, # one\n # two\n {b: 2} # three\n # four\n] # five\n"
    assert [item.text for item in read(text).items] == ["{a: 1} # one\n", "# two\n{b: 2} # three\n# four\n"]


@pytest.mark.parametrize("spec", ["{service: {port: .nan}}", "{stages: [{weight: -.inf}]}", "{routes: [{x: .NaN}]}"])
def test_numbers_without_a_form_are_a_result(spec: str) -> None:
    answer = run(read(HEAD + "items:\n" + ROLLOUT.format(spec)), lambda *_: None)
    assert answer.failed
    assert {result["severity"] for result in answer.results} == {"error"}
    assert yaml.safe_load(answer.text)["items"], "the release stays as it was given"


def test_a_release_keeps_its_comments() -> None:
    """What a comment leaves out on the command line is left out here as well."""
    spec = (
        "- apiVersion: graymesh.io/v1alpha1\n  kind: Rollout\n  metadata: {name: shop}\n  spec:\n"
        "    service: {port: 80}\n    stable: v1\n    versions: {v1: {}, v2: {}}\n"
        "    audiences: {a: [{cookies: {a: '1'}}]} # graymesh: ignore[GM203] -- comes with v2\n"
        "    stages: [{name: s, weight: 5}]\n"
    )
    codes = {
        text: {result["tags"]["code"] for result in run(read(HEAD + "items:\n" + text), lambda *_: None).results}
        for text in (spec, spec.replace(" # graymesh", " # other"))
    }
    with_comment, without = codes.values()
    assert "GM203" in without and "GM203" not in with_comment
