"""Every small change to a source file that some test ought to notice. Pure: text in, trees out."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

# A name on the way to the change that makes a surviving change a hole: what encrypts, lets in,
# keeps, deletes, logs or decides who may do what.
SECURITY = re.compile(
    r"encrypt|kms|key_arn|key_id|public|private|tls|ssl|transit|protect|deletion|delete|recovery"
    r"|ignore_changes|ingress|egress|security_group|cidr|port\b|from_port|to_port|prefix_list"
    r"|protocol|polic|principal|action|effect|condition|resources?\b|statement|sid"
    r"|retention|retain|expir|backup|snapshot|versioning|password|secret|token|auth|login|user"
    r"|role|acl|block|restrict|rotation|certificate|origin_access|waf|rule|priority|weight"
    r"|desired_count|min_capacity|suspend|read_?only|privileged|account|multi_az|failover"
    r"|logging|log_|invalid_header|desync|health_check|hsts|csp|header",
    re.IGNORECASE,
)

# What people read and nothing depends on.
COSMETIC = frozenset({"", "description", "comment", "Sid", "Version", "name", "name_prefix"})

# What a component says to the engine for display alone, and what makes a class's instances tidy.
WITHOUT_EFFECT = frozenset({"register_outputs", "dataclass", "TypeVar"})


@dataclass(frozen=True)
class Mutant:
    """A changed tree, the line, what was changed, and the names that lead to it, inner first.

    The name of a positional argument, such as a resource's own name, is empty.
    """

    tree: ast.Module
    line: int
    change: str
    names: tuple[str, ...]

    @property
    def guards(self) -> bool:
        """Whether no test noticing it would be a hole in security, and not a matter of taste."""
        inner = self.names[:2]
        return not COSMETIC & {*inner[:1]} and any(SECURITY.search(name) for name in inner)


def mutants(source: str) -> Iterator[Mutant]:
    """Each literal changed, each keyword argument and each entry of a dict left out, one by one.

    Docstrings, annotations of functions and `__all__` have no effect to notice and are left alone.
    """
    for number, _ in enumerate(_places(ast.parse(source))):
        tree = ast.parse(source)
        place = _places(tree)[number]
        line, before = place.node.lineno, ast.unparse(place.node)
        change = place.apply()
        yield Mutant(tree, line, f"{short(before)} {change}", place.names)


@dataclass(frozen=True)
class _Place:
    node: ast.expr | ast.keyword
    owner: ast.AST
    names: tuple[str, ...]

    def apply(self) -> str:
        match self.owner, self.node:
            case ast.Call() as call, ast.keyword():
                call.keywords.remove(self.node)
                return "left out"
            case ast.Dict() as entries, ast.expr():
                position = next(i for i, key in enumerate(entries.keys) if key is self.node)
                del entries.keys[position], entries.values[position]
                return "left out with its value"
            case _, ast.Constant() as constant:
                constant.value = _other(constant.value)
                return f"became {ast.unparse(constant)}"
        raise TypeError(ast.dump(self.node))


def _other(value: object) -> bool | int | float | str:
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return f"{value}x"
    raise TypeError(repr(value))


def _places(tree: ast.Module) -> list[_Place]:
    return list(_walk(tree, tree, ()))


def _walk(node: ast.AST, owner: ast.AST, names: tuple[str, ...]) -> Iterator[_Place]:
    match node:
        case ast.Constant(value=bool() | int() | float() | str()):
            yield _Place(node, owner, names)
            return
        case ast.Call() if (callee := _callee(node)) not in WITHOUT_EFFECT:
            yield from _walk(node.func, node, names)
            for argument in node.args:
                yield from _walk(argument, node, ("", callee, *names))
            for keyword in node.keywords:
                inner = (keyword.arg or "**", callee, *names)
                if keyword.arg:
                    yield _Place(keyword, node, inner)
                yield from _walk(keyword.value, keyword, inner)
            return
        case ast.Call():
            return
        case ast.Dict():
            for key, value in zip(node.keys, node.values, strict=True):
                inner = (ast.unparse(key).strip("'") if key else "**", *names)
                if key:
                    yield _Place(key, node, inner)
                yield from _walk(value, value, inner)
            return
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            names = (node.name, *names)
            children = [*node.args.defaults, *filter(None, node.args.kw_defaults), *node.body]
        case ast.AnnAssign():
            # A dataclass's annotation may hold the bounds of a setting; a plain hint holds none.
            names = (ast.unparse(node.target), *names)
            bounds = [node.annotation] if isinstance(node.annotation, ast.Subscript) else []
            children = [*bounds, *filter(None, [node.value])]
        case ast.Assign():
            names = (ast.unparse(node.targets[0]), *names)
            children = [node.value]
        case ast.ClassDef():
            names = (node.name, *names)
            children = [*node.decorator_list, *node.body]
        case _:
            children = list(ast.iter_child_nodes(node))
    for child in children:
        if not _is_docstring(child):
            yield from _walk(child, node, names)


def _callee(call: ast.Call) -> str:
    return ast.unparse(call.func).rsplit(".", 1)[-1]


def _is_docstring(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 60 else f"{text[:57]}..."
