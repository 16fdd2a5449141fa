"""Every small change to how a source file decides, on top of what `scripts.mutants` changes.

Pure: text in, trees out.
"""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from scripts.mutants import Mutant, mutants, short

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
FUNCTIONS = {"min": "max", "max": "min", "any": "all", "all": "any"}

# What the type checker reads, and what makes a class's instances tidy.
_WITHOUT_EFFECT = frozenset({"annotation", "returns", "decorator_list"})


@dataclass(frozen=True)
class _Change:
    node: ast.expr | ast.stmt
    said: str
    names: tuple[str, ...]
    apply: Callable[[], object]


def logic_mutants(source: str) -> Iterator[Mutant]:
    """What `mutants` yields, and each operator, condition, number and result changed, one by one.

    The words of a Literal are left alone: they are the type checker's.
    """
    tree = ast.parse(source)
    typed = {
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "Literal"
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    yield from (mutant for mutant in mutants(source) if mutant.line not in typed)
    for number, found in enumerate(_changes(tree, ())):
        if found.node.lineno not in typed:
            copy = ast.parse(source)
            change = list(_changes(copy, ()))[number]
            before = short(ast.unparse(change.node))
            change.apply()
            yield Mutant(copy, change.node.lineno, f"{before} {change.said}", change.names)


def _changes(node: ast.AST, names: tuple[str, ...]) -> Iterator[_Change]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        names = (node.name, *names)
    if isinstance(node, ast.expr | ast.stmt):
        yield from (_Change(node, said, names, apply) for said, apply in _of(node))
    for field, value in ast.iter_fields(node):
        if field not in _WITHOUT_EFFECT:
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from _changes(child, names)


def _of(node: ast.expr | ast.stmt) -> Iterator[tuple[str, Callable[[], object]]]:
    """What can be changed in this node itself; it is changed in place."""
    match node:
        case ast.Compare():
            for position, operator in enumerate(node.ops):
                for other in COMPARISONS[type(operator)]:
                    yield f"became {other.__name__}", _set(node.ops, position, other())
        case ast.BoolOp():
            other = ast.And if isinstance(node.op, ast.Or) else ast.Or
            yield f"became {other.__name__}", _set(node, "op", other())
        case ast.BinOp() | ast.AugAssign() if type(node.op) in ARITHMETIC:
            other = ARITHMETIC[type(node.op)]
            yield f"became {other.__name__}", _set(node, "op", other())
        case ast.UnaryOp(op=ast.USub()):
            yield "lost its sign", _set(node, "op", ast.UAdd())
        case ast.UnaryOp(op=ast.Not()):
            yield "lost its not", _set(node, "operand", _negated(node.operand))
        case ast.Constant(value=bool()):
            return
        case ast.Constant(value=int() as number):
            yield f"became {number - 1}", _set(node, "value", number - 1)
        case ast.Constant(value=float() as number):
            for other in (number / 2, number * 2):
                yield f"became {other}", _set(node, "value", other)
        case ast.Call(func=ast.Name(id=name)) if name in FUNCTIONS:
            yield f"became {FUNCTIONS[name]}", _set(node.func, "id", FUNCTIONS[name])
        case ast.Return(value=ast.expr() as value) if ast.unparse(value) != "None":
            yield "became None", _set(node, "value", ast.Constant(None))
        case ast.If() | ast.While() | ast.IfExp() if _is_bare(node.test):
            yield f"when not {ast.unparse(node.test)}", _set(node, "test", _negated(node.test))
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
            for part in node.generators:
                for position, test in enumerate(part.ifs):
                    if _is_bare(test):
                        said = f"if not {ast.unparse(test)}"
                        yield said, _set(part.ifs, position, _negated(test))
        case _:
            return


def _is_bare(test: ast.expr) -> bool:
    """No operator in it would be changed instead."""
    return not isinstance(test, ast.Compare | ast.BoolOp | ast.UnaryOp)


def _negated(test: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.Not(), test)


def _set(owner: object, place: int | str, value: ast.AST | object) -> Callable[[], object]:
    if isinstance(owner, list) and isinstance(place, int):
        return lambda: owner.__setitem__(place, value)
    return lambda: setattr(owner, str(place), value)
