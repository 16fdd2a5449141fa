"""CloudWatch's metric math for one moment: as much of it as alarms of this program use."""

import ast
import operator
from collections.abc import Callable, Mapping

Number = float | None
"""None where a metric has no data point."""

_BINARY: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_COMPARED: Mapping[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
}


def evaluated(expressions: Mapping[str, str], metrics: Mapping[str, Number]) -> Number:
    """The last expression's value; None where it has none, as of a division by zero.

    What is computed with a missing value is missing, but for FILL, and for MAX unless all are.
    Raises ValueError for whatever else metric math knows.
    """
    values, value = dict(metrics), None
    for name, expression in expressions.items():
        value = values[name] = _value(ast.parse(expression, mode="eval").body, values)
    return value


def _value(node: ast.expr, values: Mapping[str, Number]) -> Number:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name):
            return values[name]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return _applied(_BINARY[type(op)], _value(left, values), _value(right, values))
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARED:
            return _applied(_COMPARED[type(op)], _value(left, values), _value(right, values))
        case ast.Call(func=ast.Name(id="IF"), args=[condition, chosen, otherwise]):
            holds = _value(condition, values)
            return None if holds is None else _value(chosen if holds else otherwise, values)
        case ast.Call(func=ast.Name(id="FILL"), args=[given, instead]):
            value = _value(given, values)
            return _value(instead, values) if value is None else value
        case ast.Call(func=ast.Name(id="MAX"), args=[ast.List(elts=series)]):
            return max(
                (n for n in (_value(one, values) for one in series) if n is not None), default=None
            )
    raise ValueError(f"no metric math that is known here: {ast.unparse(node)}")


def _applied(function: Callable[[float, float], float], left: Number, right: Number) -> Number:
    if left is None or right is None:
        return None
    try:
        return float(function(left, right))
    except ZeroDivisionError:
        return None
