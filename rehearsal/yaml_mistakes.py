"""A mistake in a YAML file as one sentence: where it is, what belongs there, what to do."""

import yaml

# PyYAML's words for a problem begin like this -> the same for a person, and the next step.
_MEANT = {
    "mapping values are not allowed here": (
        "expected no `: ` here; put the value into quotes, the key into a line of its own as far "
        "to the right as its neighbours, or the `: ` that is missing into the line above"
    ),
    "could not find expected ':'": "expected `: ` and a value after a key; add them",
    "expected <block end>, but found": (
        "expected a key as far to the right as its neighbours, or the end of their section; indent "
        "by two spaces for each level"
    ),
    "found character '\\t'": "expected spaces, found a tab; indent by two spaces for each level",
    "found character": (
        "expected a key or a value, which can't begin with this character; put it into quotes"
    ),
    "expected ',' or ']'": "expected a comma or `]`; close the list",
    "expected ',' or '}'": "expected a comma or `}`; close the section",
    "expected the node content": "expected a value; write one, and close every `[` and `{`",
    "found unexpected end of stream": "expected a closing quote, found the file's end; add it",
    "but found another document": "expected one document, found a second; take the `---` out",
    "could not determine a constructor for the tag": (
        "expected a plain text, number, list or section, found a tag; write the value without it"
    ),
}


def mistake(error: yaml.YAMLError | ValueError) -> str:
    """The sentence, from the line and column in which PyYAML noticed; what it found there is in
    PyYAML's own words where it is none of the common mistakes."""
    if not isinstance(error, yaml.MarkedYAMLError) or not error.problem_mark:
        return " ".join(str(error).split())
    problem = " ".join((error.problem or "").split())
    meant = next(
        (words for begins, words in _MEANT.items() if problem.startswith(begins)),
        f"{problem}; Pulumi.staging.yaml shows how such a file is written",
    )
    begun = error.context_mark
    here = error.problem_mark
    since = f" (it begins in line {begun.line + 1})" if begun and begun.line != here.line else ""
    return f"line {here.line + 1}, column {here.column + 1}{since}: {meant}"
