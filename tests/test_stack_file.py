"""A stack's file is read as the engine reads it, or refused with one sentence."""

from pathlib import Path

import pytest

from rehearsal.errors import RehearsalError
from rehearsal.stack_file import stack_config, stack_names


def write(folder: Path, text: str, stack: str = "staging") -> Path:
    (folder / f"Pulumi.{stack}.yaml").write_text(text)
    return folder


def test_values_come_as_texts_and_sections_as_json(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        """
config:
  slipway:protect: true
  slipway:count: 3
  slipway:name: "0123"
  slipway:postgres: {port: 5433, zones: [a, b], on: null}
  slipway:mode: off
  slipway:modes: [yes, No, TRUE, 2026-12-23T00:00:00Z]
""",
    )
    assert stack_config("staging", root) == {
        "slipway:protect": "true",
        "slipway:count": "3",
        "slipway:name": "0123",
        "slipway:postgres": '{"port": 5433, "zones": ["a", "b"], "on": null}',
        "slipway:mode": "off",
        "slipway:modes": '["yes", "No", true, "2026-12-23T00:00:00Z"]',
    }


def test_the_stacks_are_the_files_there_are(tmp_path: Path) -> None:
    write(write(tmp_path, "", "b"), "", "a")
    (tmp_path / "Pulumi.yaml").write_text("name: slipway")
    assert stack_names(tmp_path) == ["a", "b"]


@pytest.mark.parametrize("stack", ["prod", "../staging", "", "*"])
def test_a_missing_file_is_told_with_the_stacks_there_are(tmp_path: Path, stack: str) -> None:
    with pytest.raises(RehearsalError) as refused:
        stack_config(stack, write(write(tmp_path, ""), "", "testing"))
    assert str(refused.value) == (
        f"Pulumi.{stack}.yaml does not exist; the stacks are staging, testing"
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "config: {a: [",
            "Pulumi.staging.yaml is not valid YAML: line 1, column 14: expected a value; write "
            "one, and close every `[` and `{`",
        ),
        (
            "config:\n  slipway:a: 1\n  slipway:a: 2\n",
            "Pulumi.staging.yaml is not valid YAML: slipway:a is given twice, the second time in "
            "line 3",
        ),
        (
            "config:\n  slipway:postgres:\n    port: 1\n    port: 2\n",
            "Pulumi.staging.yaml is not valid YAML: port is given twice, the second time in line 4",
        ),
        (
            "config:\n  ? [a]\n  : 1\n",
            "Pulumi.staging.yaml is not valid YAML: a key in line 2 is no text",
        ),
        (
            "config:\n  slipway:a: &a 1\n  slipway:b: *a\n",
            "Pulumi.staging.yaml is not valid YAML: line 3 refers to an anchor; write the value "
            "out",
        ),
        (
            "config:\n  slipway:a: &a [*a]\n",
            "Pulumi.staging.yaml is not valid YAML: line 2 refers to an anchor; write the value "
            "out",
        ),
        (
            "config:\n  slipway:a: " + "[" * 5000,
            "Pulumi.staging.yaml is not usable: it is nested too deeply",
        ),
        (
            "config:\n  slipway:a: !!binary aGk=\n",
            "Pulumi.staging.yaml is not valid YAML: line 2, column 14: expected a plain text, "
            "number, list or section, found a tag; write the value without it",
        ),
        (
            "config:\n  slipway:a: !!int x\n",
            "Pulumi.staging.yaml is not valid YAML: invalid literal for int() with base 10: 'x'",
        ),
        (
            "config: # " + "x" * 256 * 1024,
            "Pulumi.staging.yaml is larger than 256 KiB; a stack's has 2",
        ),
        ("", "Pulumi.staging.yaml has no section `config:`; see Pulumi.staging.yaml"),
        ("- a", "Pulumi.staging.yaml has no section `config:`; see Pulumi.staging.yaml"),
        ("config: text", "Pulumi.staging.yaml has no section `config:`; see Pulumi.staging.yaml"),
        (
            "config:\n  slipway:token:\n    secure: v1:abc\n",
            "Pulumi.staging.yaml: slipway:token is encrypted, and a rehearsal has no key to read "
            "it; keep secrets in Secrets Manager and their ARN here",
        ),
        (
            "config:\n  slipway:a:\n    b: [{secure: v1:abc}]\n",
            "Pulumi.staging.yaml: slipway:a is encrypted, and a rehearsal has no key to read "
            "it; keep secrets in Secrets Manager and their ARN here",
        ),
    ],
)
def test_a_bad_file_is_refused_with_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(RehearsalError) as refused:
        stack_config("staging", write(tmp_path, text))
    assert str(refused.value).startswith(sentence)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "config:\n  slipway:a: x: y\n",
            "line 2, column 15: expected no `: ` here; put the value into quotes, ",
        ),
        (
            "config:\n  slipway:a\n  slipway:b: 2\n",
            "line 3, column 12: expected no `: ` here; put the value into quotes, ",
        ),
        (
            "config:\n  slipway:a: 1\n\tslipway:b: 2\n",
            "line 3, column 1: expected spaces, found a tab; indent by two spaces for each level",
        ),
        (
            "config:\n   slipway:a: 1\n  slipway:b: 2\n",
            "line 3, column 3 (it begins in line 1): expected a key as far to the right "
            "as its neighbours, or the end of their section; indent by two spaces for each level",
        ),
        (
            "config:\n  slipway:a: [b, c\n  slipway:d: 2\n",
            "line 3, column 12 (it begins in line 2): expected a comma or `]`; close the list",
        ),
        (
            "config:\n  slipway:a: {b: 1\n  slipway:d: 2\n",
            "line 3, column 12 (it begins in line 2): expected a comma or `}`; close the section",
        ),
        (
            'config:\n  slipway:a: "b\n',
            "line 3, column 1 (it begins in line 2): expected a closing quote, found the "
            "file's end; add it",
        ),
        (
            "config:\n  slipway:a: @b\n",
            "line 2, column 14: expected a key or a value, which can't begin with this "
            "character; put it into quotes",
        ),
        (
            "config: 1\n---\n",
            "line 2, column 1 (it begins in line 1): expected one document, found a second; "
            "take the `---` out",
        ),
        (
            "config:\n  slipway:a: !b!c d\n",
            "line 2, column 14: found undefined tag handle '!b!'; Pulumi.staging.yaml shows "
            "how such a file is written",
        ),
    ],
)
def test_a_slip_of_the_pen_is_told_with_its_place_and_what_belongs_there(
    tmp_path: Path, text: str, sentence: str
) -> None:
    with pytest.raises(RehearsalError) as refused:
        stack_config("staging", write(tmp_path, text))
    assert str(refused.value).startswith(f"Pulumi.staging.yaml is not valid YAML: {sentence}")
    assert "\n" not in str(refused.value)


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.staging.yaml").write_bytes(b"config: \xff\xfe")
    with pytest.raises(
        RehearsalError, match=r"^Pulumi\.staging\.yaml can't be read: 'utf-8' codec"
    ):
        stack_config("staging", tmp_path)
    (tmp_path / "Pulumi.prod.yaml").mkdir()
    with pytest.raises(RehearsalError, match=r"^Pulumi\.prod\.yaml can't be read: .*directory"):
        stack_config("prod", tmp_path)
