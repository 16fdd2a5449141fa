"""The layout holds: arrows point one way, an import only imports, no test is uncollected."""

import ast
import gc
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.stack_file import ROOT, stack_names

# What each folder may import of the project, and what it must not import of the world.
MAY_IMPORT = {
    "infra": {"infra"},
    "stacks": {"infra", "stacks"},
    "cutover": {"cutover", "infra.outputs", "scripts.packages"},
    "watcher": {"watcher", "infra.outputs"},
    "policy": {"policy", "infra.guardrails"},
    "drills": {"drills", "infra.drill_outputs", "scripts.packages"},
    "rehearsal": {
        *("rehearsal", "bootstrap", "stacks", "infra", "cutover", "drills"),
        "scripts.packages",
    },
    "bootstrap": {"bootstrap", "infra"},
    "costs": {"costs", "scripts.packages"},
    "guard": {"guard", "scripts.packages"},
    "pipeline": {
        "pipeline",
        "costs",
        "guard",
        "infra.outputs",
        "rehearsal.errors",
        "rehearsal.stack_file",
        "scripts.packages",
    },
    "scripts": {
        "scripts",
        "rehearsal",
        "infra.guardrails",
        # What it weakens are the recordings that the tests look at.
        "tests.accounts",
        "tests.environments",
    },
    "examples": {"webapp"},
}
MUST_NOT_IMPORT = {
    "bootstrap": {"boto3", "botocore", "moto", "subprocess", "socket", "requests", "urllib"},
    "guard": {"boto3", "botocore", "pulumi", "pulumi_aws", "subprocess", "socket"},
    "infra": {"boto3", "botocore", "moto", "subprocess", "socket", "requests", "urllib", "docker"},
    "stacks": {"boto3", "botocore", "moto", "subprocess", "socket", "requests", "urllib"},
    "cutover": {"pulumi", "pulumi_aws", "pulumi_docker", "pulumi_random", "moto"},
    "watcher": {"pulumi", "pulumi_aws", "pydantic", "typer", "rich", "moto"},
    "drills": {"pulumi", "pulumi_aws", "pulumi_docker", "pulumi_random", "moto"},
    "policy": {"boto3", "botocore"},
    "examples": {"pulumi", "pulumi_aws", "boto3", "infra", "rehearsal"},
}
FOLDERS = sorted(folder for folder in MAY_IMPORT if (ROOT / folder).is_dir())
NAMES_OF_STACKS = {*stack_names(), "production", "dev", "local"}


def sources(folder: str) -> list[Path]:
    found = sorted((ROOT / folder).rglob("*.py"))
    assert found, folder
    return [path for path in found if "tests" not in path.relative_to(ROOT).parts]


@pytest.fixture(autouse=True)
def _no_collection_while_parsing() -> Iterator[None]:
    """Python 3.11's parser breaks when a collection interrupts it (python/cpython#106905)."""
    gc.disable()
    yield
    gc.enable()


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in it; a relative one counts as absolute."""
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            module = str(node.module)
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def is_within(module: str, allowed: set[str]) -> bool:
    return any(module == one or module.startswith(f"{one}.") for one in allowed)


def against_the_arrows(folder: str, path: Path) -> list[str]:
    ours = {*MAY_IMPORT, "tests"}
    allowed = MAY_IMPORT[folder]
    # `from infra import outputs` names the package first and the module that counts after it.
    packages = {name.partition(".")[0] for name in allowed}
    return [
        module
        for module in imports(path)
        if (
            module.partition(".")[0] in ours
            and not is_within(module, allowed)
            and module not in packages
        )
        or is_within(module, MUST_NOT_IMPORT.get(folder, set()))
    ]


@pytest.mark.parametrize("folder", FOLDERS)
def test_arrows_point_one_way(folder: str) -> None:
    found = {str(path): against_the_arrows(folder, path) for path in sources(folder)}
    assert {path: modules for path, modules in found.items() if modules} == {}


@pytest.mark.parametrize(
    ("folder", "line", "refused"),
    [
        ("infra", "import boto3", ["boto3"]),
        ("infra", "def f():\n    from rehearsal import plan", ["rehearsal", "rehearsal.plan"]),
        ("infra", "from stacks.environment import environment", ["stacks.environment"]),
        ("stacks", "import rehearsal.plan", ["rehearsal.plan"]),
        ("cutover", "import pulumi.runtime", ["pulumi.runtime"]),
        ("cutover", "from infra.settings import load", ["infra.settings"]),
        ("cutover", "from infra import settings", ["infra.settings"]),
        ("watcher", "from cutover.do.store import Lease", ["cutover.do.store"]),
        ("watcher", "import pydantic", ["pydantic"]),
        ("infra", "import watcher.handler", ["watcher.handler"]),
        ("drills", "from rehearsal.restores import NAME", ["rehearsal.restores"]),
        ("drills", "from infra.outputs import Contract", ["infra.outputs"]),
        ("guard", "from infra.outputs import SLOTS", ["infra.outputs"]),
        ("rehearsal", "import tests.helper", ["tests.helper"]),
        ("rehearsal", "from scripts import mutate", ["scripts.mutate"]),
        ("infra", "import pulumi_aws as aws\nfrom infra import bounds", []),
        ("cutover", "from infra.outputs import Contract\nfrom infra import outputs", []),
    ],
)
def test_an_arrow_the_other_way_is_found(
    tmp_path: Path, folder: str, line: str, refused: list[str]
) -> None:
    file = tmp_path / "module.py"
    file.write_text(line)
    found = against_the_arrows(folder, file)
    assert [module for module in found if module in refused] == refused
    assert bool(found) is bool(refused)


def test_the_contract_with_cutover_imports_no_pulumi() -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, infra.outputs; print(*sys.modules)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert "infra.outputs" in loaded
    assert not {name for name in loaded if name.startswith(("pulumi", "boto", "pydantic"))}


def names_compared(tree: ast.AST) -> Iterator[str]:
    """Texts that some condition compares with, and texts that pick an entry by name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare | ast.MatchValue | ast.Subscript | ast.Dict):
            for inner in ast.walk(node):
                if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                    yield inner.value


@pytest.mark.parametrize(
    "folder", ["bootstrap", "infra", "stacks", "drills", "guard", "rehearsal", "watcher"]
)
def test_nothing_depends_on_the_name_of_an_environment(folder: str) -> None:
    for path in sources(folder):
        compared = set(names_compared(ast.parse(path.read_text())))
        assert not compared & NAMES_OF_STACKS, path


def test_a_condition_on_a_name_is_found() -> None:
    for line in (
        'x = 1 if stack == "prod" else 2',
        'if name in ("staging", "testing"): pass',
        'x = {"prod": 1}[name]',
        'match name:\n    case "prod": pass',
    ):
        assert set(names_compared(ast.parse(line))) & NAMES_OF_STACKS, line


def test_only_settings_reads_the_configuration_and_the_stacks_name() -> None:
    reads = re.compile(r"\bpulumi\.Config\b|\bget_stack\b|\bget_project\b|os\.environ|getenv")
    readers = {
        path.relative_to(ROOT).as_posix()
        for folder in ("infra", "stacks")
        for path in sources(folder)
        if reads.search(path.read_text())
    }
    assert readers == {"infra/settings.py"}


# Raises for whatever an import must not do; reading a file that ships with the program is fine.
GUARD = """
import importlib, os, pathlib, sys

def guard(event, arguments):
    kind = event.partition(".")[0]
    writes = event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
    flags = event == "open" and (arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    # Python writes its own caches, which is not the program's doing.
    cache = event == "open" and "__pycache__" in str(arguments[0])
    if event in ("subprocess.Popen", "os.system", "os.mkdir", "os.remove", "os.rename",
                 "os.exec", "os.posix_spawn", "os.fork") and not cache:
        raise PermissionError(f"{event} {arguments[:1]} at import")
    if event in ("socket.connect", "socket.getaddrinfo", "socket.bind"):
        raise PermissionError(f"{event} {arguments[1:]} at import")
    if (writes or flags) and not cache and str(arguments[0]) != os.devnull:
        raise PermissionError(f"writes {arguments[0]} at import")

sys.dont_write_bytecode = True
import pulumi, pulumi_aws, pulumi_random, pydantic  # theirs is not ours to judge
sys.addaudithook(guard)
for module in sys.argv[1:]:
    importlib.import_module(module)
print("imported", len(sys.argv) - 1)
"""


def import_guarded(root: Path, modules: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", GUARD, *modules],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_importing_the_program_connects_to_nothing_and_writes_nothing() -> None:
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for folder in ("infra", "stacks")
        for path in sources(folder)
        if path.name != "__init__.py"
    ]
    assert len(modules) > 25
    done = import_guarded(ROOT, modules)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"imported {len(modules)}\n"


@pytest.mark.parametrize(
    "line",
    [
        "import subprocess; subprocess.run(['true'])",
        "import os; os.system('true')",
        "import socket; socket.create_connection(('127.0.0.1', 9))",
        "import urllib.request; urllib.request.urlopen('http://localhost:9')",
        "open('written', 'w')",
        "import pathlib; pathlib.Path('made').mkdir()",
    ],
)
def test_an_import_that_acts_is_caught(tmp_path: Path, line: str) -> None:
    (tmp_path / "acts.py").write_text(line)
    done = import_guarded(tmp_path, ["acts"])
    assert done.returncode == 1
    assert "at import" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["acts.py"]


def test_every_file_with_tests_is_collected() -> None:
    for folder in (ROOT / "tests", ROOT / "examples" / "webapp" / "tests"):
        files = sorted(folder.rglob("*.py"))
        assert files
        for path in files:
            has_tests = re.search(r"^ *(async )?def test_", path.read_text(), re.MULTILINE)
            named = path.name.startswith("test_")
            assert bool(has_tests) is named, path


def test_test_files_have_names_of_their_own() -> None:
    """Two of one name, in folders without __init__.py, can't both be collected."""
    names = [path.name for path in ROOT.glob("**/tests/test_*.py") if ".venv" not in path.parts]
    assert len(names) == len(set(names))
    assert len(names) > 20


def test_the_program_is_three_lines() -> None:
    lines = (ROOT / "__main__.py").read_text().split("\n")
    code = [line for line in lines if line.strip()]
    assert code == ["from stacks.environment import environment", "environment()"]
    assert "main:" not in (ROOT / "Pulumi.yaml").read_text()
