"""The changes that are tried on a file, each with the tests that could notice it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scripts.logic_mutants import logic_mutants
from scripts.mutants import Mutant, mutants
from scripts.reach import module_of, tests_of

# Decide, and ask for no resource: their operators are changed too, and each change counts.
LOGIC = ("cutover/decide", "guard/decide")


@dataclass(frozen=True)
class Candidate:
    """A mutant, the file it changes, and the test files that could notice it, nearest first."""

    mutant: Mutant
    file: str
    tests: tuple[tuple[str, ...], ...]

    @property
    def guards(self) -> bool:
        return self.mutant.guards or _is_logic(self.file)

    def __str__(self) -> str:
        mark = "GUARD " if self.guards else "      "
        where = ".".join(name for name in reversed(self.mutant.names[:3]) if name)
        return f"{mark}{self.file}:{self.mutant.line} {where}: {self.mutant.change}"


def candidates_in(root: Path, file: str) -> Iterator[Candidate]:
    """Every change to the file, by its path in the project."""
    tests = tests_of(root, module_of(file))
    change = logic_mutants if _is_logic(file) else mutants
    for mutant in change((root / file).read_text()):
        yield Candidate(mutant, file, tests)


def _is_logic(file: str) -> bool:
    return file.startswith(tuple(f"{folder}/" for folder in LOGIC))
