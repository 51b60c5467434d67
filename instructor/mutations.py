"""One thing changed in a piece of code: the operators of `mutants.py`, on Python's own syntax trees.

comparison        < becomes <=, and the other way round       number      1 more, 1 less, 1 % more
arithmetic        + and -, * and /, or one operand alone      argument    left out; a call gives its first argument
slice, range      shifted by one                              name        min and max, sum and mean, ... exchanged
condition         always true, always false                   statement   left out
"""

import ast
import copy
from collections import Counter

COMPARISONS = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq, ast.LtE),
    ast.NotEq: (ast.Eq, ast.Lt),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
OPERATORS = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div,),
    ast.Div: (ast.Mult, ast.FloorDiv),
    ast.FloorDiv: (ast.Div,),
    ast.Pow: (ast.Mult,),
    ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd,),
}
NAMES = [("min", "max"), ("argmin", "argmax"), ("sum", "mean"), ("any", "all"), ("sin", "cos"), ("zeros", "ones")]
OTHER_NAME = dict(NAMES) | {b: a for a, b in NAMES}
CONVERSIONS = {"float", "int", "list", "tuple", "array", "tolist", "enumerate"}  # without them an answer is the same


def alternatives(node):
    """What may stand in an expression's or a statement's place."""

    def with_(**changed):
        other = copy.copy(node)
        for name, value in changed.items():
            setattr(other, name, value)
        return other

    def without(name, n):
        return with_(**{name: [x for i, x in enumerate(getattr(node, name)) if i != n]})

    def shifted(bound):
        return [ast.BinOp(bound, op, ast.Constant(1)) for op in (ast.Add(), ast.Sub())]

    match node:
        case ast.Constant(value=bool()):
            yield with_(value=not node.value)
        case ast.Constant(value=int() | float()):
            yield from (with_(value=node.value + step) for step in (1, -1))
            if isinstance(node.value, float):
                yield with_(value=1.01 * node.value)
        case ast.Compare(ops=[op]):
            yield from (with_(ops=[other()]) for other in COMPARISONS.get(type(op), ()))
        case ast.BinOp():
            yield from (with_(op=other()) for other in OPERATORS.get(type(node.op), ()))
            yield from (node.left, node.right)
        case ast.UnaryOp() if not isinstance(node.operand, ast.Constant):  # -1 and 1 are one axis of two
            yield node.operand
        case ast.BoolOp():
            yield with_(op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
            yield from node.values
        case ast.IfExp():
            yield from (node.body, node.orelse)
        case ast.Slice():
            yield from (with_(lower=bound) for bound in (shifted(node.lower) if node.lower else [ast.Constant(1)]))
            yield from (with_(upper=bound) for bound in (shifted(node.upper) if node.upper else [ast.Constant(-1)]))
        case ast.Call():
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called == "range":
                yield with_(args=[*node.args[:-1], shifted(node.args[-1])[0]])
                yield with_(args=[*node.args[:-1], shifted(node.args[-1])[1]])
            yield from (without("args", n) for n in range(len(node.args)) if len(node.args) > 1)
            yield from (without("keywords", n) for n, k in enumerate(node.keywords) if k.arg != "strict")
            if called not in CONVERSIONS:
                yield from node.args[:1]
                if isinstance(node.func, ast.Attribute):
                    yield node.func.value
        case ast.Attribute(attr=attr) if attr in OTHER_NAME:
            yield with_(attr=OTHER_NAME[attr])
        case ast.Name(id=name) if name in OTHER_NAME and isinstance(node.ctx, ast.Load):
            yield with_(id=OTHER_NAME[name])
        case ast.comprehension() if node.ifs:
            yield with_(ifs=[])
        case ast.If() | ast.While():
            yield from (with_(test=ast.Constant(value)) for value in (True, False))
        case ast.AugAssign():
            yield ast.Assign([node.target], node.value, lineno=node.lineno)
            yield from (with_(op=other()) for other in OPERATORS.get(type(node.op), ()))
            yield ast.Pass()
        case ast.Assign() | ast.Delete() | ast.For():
            yield ast.Pass()
        case ast.Expr() if not isinstance(node.value, ast.Constant):  # a docstring
            yield ast.Pass()
        case ast.Continue():
            yield ast.Break()


def mutants_of(tree, roots):
    """For each place within `roots`: what was changed, the line with the change, and the whole tree's code.

    The tree is as before at the end.
    """
    first, named = ast.unparse(tree), Counter()
    seen = {first}
    for root in roots:
        for parent in ast.walk(root):
            if isinstance(parent, ast.keyword) and parent.arg == "strict":  # a check of lengths, nothing else
                continue
            for name, value in ast.iter_fields(parent):
                for n, node in enumerate(value if isinstance(value, list) else [value]):
                    if not isinstance(node, ast.AST):
                        continue
                    for other in alternatives(node):
                        put(parent, name, n, other)
                        text = ast.unparse(tree)
                        if text not in seen:
                            seen.add(text)
                            told = f"{getattr(root, 'name', '')}: {line(node)} -> {line(other)}".removeprefix(": ")
                            named[told] += 1
                            yield told + f" (place {named[told]})" * (named[told] > 1), changed(first, text), text
                        put(parent, name, n, node)


def put(parent, name, n, node):
    if isinstance(getattr(parent, name), list):
        getattr(parent, name)[n] = node
    else:
        setattr(parent, name, node)


def changed(before, after):
    """The first line that differs."""
    lines = zip(before.split("\n"), after.split("\n"), strict=False)
    return next((new.strip() for old, new in lines if old != new), "")


def line(node):
    return ast.unparse(ast.fix_missing_locations(node)).strip().split("\n")[0]


def used_by(tree, start):
    """The top-level functions and constants that `start` uses, itself first, in the order they are met."""
    top = {}
    for node in tree.body:
        names = [node.name] if isinstance(node, ast.FunctionDef) else []
        if isinstance(node, ast.Assign) and "Question(" not in ast.unparse(node):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        top |= dict.fromkeys(names, node)
    found = [start]
    for node in found:
        names = [n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)]
        own = {n.arg for n in ast.walk(node) if isinstance(n, ast.arg)}
        names = [name for name in names if name not in own]
        found += [top[name] for name in dict.fromkeys(names) if name in top and top[name] not in found]
    return found
