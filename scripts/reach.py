"""Which test files could notice a change to a module: by what they import, and that in turn."""

import ast
from pathlib import Path

# What a test may pass through on its way to a changed file.
SOURCES = ("infra", "stacks", "cutover", "guard")


def module_of(file: str) -> str:
    """The dotted name of a source file, by its path in the project."""
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def tests_of(root: Path, module: str) -> tuple[tuple[str, ...], ...]:
    """Test files in two stages: those that import the module themselves, those that get to it."""
    imported = {path: _imports(path) for path in (root / "tests").glob("*.py")}
    sources = {
        module_of(path.relative_to(root).as_posix()): _imports(path)
        for folder in SOURCES
        for path in (root / folder).rglob("*.py")
    }
    helpers = {path.stem: names for path, names in imported.items()}
    reached: dict[Path, set[str]] = {}
    for path, names in imported.items():
        seen: set[str] = set()
        waiting = [*names]
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                waiting += sources.get(name, helpers.get(name.removeprefix("tests."), set()))
        reached[path] = seen
    # Those that start processes, or rehearse, see the program from too far and take too long.
    quick = [
        path
        for path in imported
        if path.name.startswith("test_")
        and not path.name.startswith("test_rehearsal_")
        and "mark.services" not in path.read_text()
        and "obedient_aws" not in imported[path]
    ]
    near = [path for path in quick if module in imported[path]]
    far = [path for path in quick if module in reached[path] and path not in near]
    stages = (sorted(str(path.relative_to(root)) for path in stage) for stage in (near, far))
    return tuple(tuple(stage) for stage in stages if stage)


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found
