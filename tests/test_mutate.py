"""The mutation command changes one thing at a time, and finds what no test notices."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from rehearsal.stack_file import ROOT
from scripts.logic_mutants import logic_mutants
from scripts.mutants import mutants

SOURCE = '''
"""A docstring is left alone."""

LIMIT = 3


def bucket(name: str, *, days: int = 7) -> dict[str, object]:
    """So is this one."""
    return dict(name=name, block_public_acls=True, tags={"Effect": "Allow"}, ratio=days * 0.5)
'''


def changes(source: str) -> list[str]:
    return [f"{mutant.line} {mutant.change}" for mutant in mutants(source)]


def test_each_literal_keyword_and_entry_is_changed_once() -> None:
    assert changes(SOURCE) == [
        "4 3 became 4",
        "7 7 became 8",
        "9 name=name left out",
        "9 block_public_acls=True left out",
        "9 True became False",
        "9 tags={'Effect': 'Allow'} left out",
        "9 'Effect' left out with its value",
        "9 'Allow' became 'Allowx'",
        "9 ratio=days * 0.5 left out",
        "9 0.5 became 1.5",
    ]


def test_a_mutant_differs_from_the_source_in_that_one_place() -> None:
    lines = ast.unparse(ast.parse(SOURCE)).splitlines()
    for mutant in mutants(SOURCE):
        changed = ast.unparse(mutant.tree).splitlines()
        different = [pair for pair in zip(lines, changed, strict=True) if pair[0] != pair[1]]
        assert len(different) == 1, mutant.change


def test_parts_of_an_f_string_and_bounds_of_a_setting_are_changed_too() -> None:
    assert changes('x = f"{name}-x"') == ["1 '-x' became '-xx'"]
    assert changes("class A:\n    port: Annotated[int, between(1, 9)]") == [
        "2 1 became 2",
        "2 9 became 10",
    ]


@pytest.mark.parametrize(
    "source",
    [
        "def f(a: Literal[1]) -> Literal[2]: ...",
        "self.register_outputs({'url': self.url})",
        "@dataclass(frozen=True)\nclass A: ...",
        "x = None",
        "x = name",
    ],
)
def test_what_has_no_effect_is_left_alone(source: str) -> None:
    assert changes(source) == []


@pytest.mark.parametrize(
    ("source", "guards"),
    [
        ("aws.s3.Block(block_public_acls=True)", [True, True]),
        ("aws.rds.Instance('db', storage_encrypted=on)", [False, True]),
        ("statement = {'Condition': wanted}", [True]),
        ("Rule(description='d')", [False, False]),
        ("Function(memory=128)", [False, False]),
        ("ResourceOptions(ignore_changes=['actions'])", [True, True]),
    ],
)
def test_a_change_that_guards_something_is_told_apart(source: str, guards: list[bool]) -> None:
    assert [mutant.guards for mutant in mutants(source)] == guards


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = a < b", ["a < b became LtE", "a < b became GtE"]),
        ("x = a >= b", ["a >= b became Gt", "a >= b became Lt"]),
        ("x = a == b", ["a == b became NotEq"]),
        ("x = a is not b", ["a is not b became Is"]),
        ("x = a in b", ["a in b became NotIn"]),
        ("x = a < b == c", ["{} became LtE", "{} became GtE", "{} became NotEq"]),
        ("x = a and b", ["a and b became Or"]),
        ("x = a or b", ["a or b became And"]),
        ("x = not a", ["not a lost its not"]),
        ("x = -a", ["-a lost its sign"]),
        ("x = a + b", ["a + b became Sub"]),
        ("x = a / b", ["a / b became Mult"]),
        ("x -= a", ["x -= a became Add"]),
        ("x = 7", ["7 became 8", "7 became 6"]),
        ("x = 0.5", ["0.5 became 1.5", "0.5 became 0.25", "0.5 became 1.0"]),
        ("x = True", ["True became False"]),
        ("x = max(a, b)", ["max(a, b) became min"]),
        ("x = any(a)", ["any(a) became all"]),
        ("def f(): return a", ["return a became None"]),
        ("if a: b()", ["if a: b() when not a"]),
        ("x = a if b else c", ["a if b else c when not b"]),
        ("while a: b()", ["while a: b() when not a"]),
        ("x = [a for a in b if c]", ["[a for a in b if c] if not c"]),
    ],
)
def test_each_operator_and_condition_of_logic_is_changed(source: str, expected: list[str]) -> None:
    whole = source.removeprefix("x = ")
    assert [mutant.change for mutant in logic_mutants(source)] == [
        change.format(whole) for change in expected
    ]


@pytest.mark.parametrize(
    "source",
    [
        "Verdict = Literal['pass', 'fail']",
        "Weights = Mapping[\n    Literal['blue'], int\n]",
        "def f(a: int | None) -> int | None: return None",
        "@dataclass(frozen=True)\nclass A:\n    b: float | None",
        "x = a ^ b",
    ],
)
def test_what_decides_nothing_is_left_alone(source: str) -> None:
    assert list(logic_mutants(source)) == []


LOGIC = """
def allowed(weight: int, *, healthy: bool) -> str:
    if weight > 9 and not healthy:
        return "hold"
    return "pass" if 0 <= weight - 1 < max(weight, 5) else "fail"
"""


def test_a_mutant_of_logic_differs_from_the_source_in_one_place() -> None:
    before = ast.dump(ast.parse(LOGIC))
    found = [ast.dump(mutant.tree) for mutant in logic_mutants(LOGIC)]
    assert len(found) == 23
    assert len({before, *found}) == 24
    assert {mutant.names[0] for mutant in logic_mutants(LOGIC)} <= {"allowed", ""}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Two modules; one test file notices nothing of the port, and another reaches the first."""
    files = {
        "infra/__init__.py": "",
        "infra/firewall.py": "def rule():\n    return dict(port=5432, cidr='10.0.0.0/8')\n",
        "infra/sizes.py": "from infra.firewall import rule\nSIZE = len(rule()['cidr'])\n",
        "stacks/__init__.py": "",
        "tests/test_firewall.py": "from infra.firewall import rule\n\n\n"
        "def test_rule():\n    assert rule()['cidr']\n",
        "tests/test_sizes.py": "from infra import sizes\n\n\n"
        "def test_size():\n    assert sizes.SIZE == 10\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return tmp_path


def mutate(root: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scripts.mutate", "--root", str(root), *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_survivor_is_found_and_what_a_test_notices_is_not(project: Path) -> None:
    before = {path: path.read_bytes() for path in project.rglob("*.py")}
    done = mutate(project)
    first, *survivors, last = done.stdout.splitlines()
    assert first == "5 changes in 4 files"
    # The size's test, two imports away, notices the range but not the port.
    assert sorted(survivors) == [
        "GUARD infra/firewall.py:2 rule.dict.port: 5432 became 5433",
        "GUARD infra/firewall.py:2 rule.dict.port: port=5432 left out",
    ]
    assert last.startswith("3 noticed, 2 not, of those 2 that guard")
    assert done.returncode == 1
    assert {path: path.read_bytes() for path in project.rglob("*.py")} == before


def test_logic_is_changed_more_closely_and_each_survivor_counts(project: Path) -> None:
    for name, text in {
        "cutover/__init__.py": "",
        "cutover/decide/__init__.py": "",
        "cutover/decide/bake.py": "def over(minutes):\n    return minutes >= 15\n",
        "tests/test_bake.py": "from cutover.decide.bake import over\n\n\n"
        "def test_over():\n    assert over(16)\n    assert not over(14)\n",
    }.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    done = mutate(project, "--only", "cutover/decide/bake.py")
    first, *survivors, last = done.stdout.splitlines()
    assert first == "5 changes in 1 files"
    # No test asks for 15 minutes, or for those between.
    assert sorted(survivors) == [
        "GUARD cutover/decide/bake.py:2 over: 15 became 16",
        "GUARD cutover/decide/bake.py:2 over: minutes >= 15 became Gt",
    ]
    assert last.startswith("3 noticed, 2 not, of those 2 that guard")
    assert done.returncode == 1


def test_no_survivor_is_exit_code_0(project: Path) -> None:
    (project / "tests" / "test_port.py").write_text(
        "from infra.firewall import rule\n\n\ndef test_port():\n    assert rule()['port'] == 5432\n"
    )
    done = mutate(project)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[1].startswith("5 noticed, 0 not, of those 0")


def test_a_change_that_never_ends_is_noticed_by_its_time(project: Path) -> None:
    (project / "infra" / "sizes.py").write_text("SIZE = 10\nwhile SIZE != 10:\n    pass\n")
    done = mutate(project, "--only", "infra/sizes.py", "--timeout-seconds", "2")
    assert (done.returncode, done.stderr) == (0, "")
    assert "2 noticed, 0 not" in done.stdout


def test_files_and_samples_can_be_chosen(project: Path) -> None:
    assert mutate(project, "--only", "infra/sizes.py").stdout.startswith("1 changes in 1 files\n")
    assert mutate(project, "--sample", "2", "--seed", "7").stdout.startswith("2 changes in 4 files")
    unversioned = mutate(project, "--changed")
    assert unversioned.returncode == 2
    assert unversioned.stderr.startswith("--changed asks git, which says: ")
    assert "Traceback" not in unversioned.stderr
    unknown = mutate(project, "--only", "infra/none.py")
    assert unknown.returncode == 2
    assert unknown.stderr.startswith("infra/none.py is not one of the files: infra/__init__.py, ")


def test_tests_that_fail_as_they_are_prove_nothing(project: Path) -> None:
    (project / "tests" / "test_sizes.py").write_text(
        "from infra import sizes\n\n\ndef test_size():\n    assert sizes.SIZE == 11\n"
    )
    done = mutate(project)
    assert done.returncode == 2
    assert done.stderr == (
        "the tests fail without any change: tests/test_firewall.py tests/test_sizes.py\n"
    )
