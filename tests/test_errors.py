"""The tree of errors that is drawn is the tree that is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from cmeneeds import entrez_errors, errors

PACKAGE = Path(errors.__file__).parent


def classes() -> dict[str, str]:
    """Name of each class of the package and of its first base; nothing is imported."""
    found: dict[str, str] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef) and node.bases:
                found[node.name] = ast.unparse(node.bases[0]).rpartition(".")[2]
    return found


def defined() -> dict[str, str]:
    """Every public error and the public error above it."""
    base = classes()

    def above(name: str) -> str:
        parent = base.get(name, "")
        return above(parent) if parent.startswith("_") else parent

    def is_error(name: str) -> bool:
        return name == "CmeneedsError" or (name in base and is_error(base[name]))

    return {n: above(n) for n in base if is_error(n) and not n.startswith("_")}


def drawn(text: str | None) -> dict[str, str]:
    """The same from a drawing, without its root."""
    found: dict[str, str] = {}
    stack: list[str] = []
    for line in (text or "").splitlines():
        if root := re.fullmatch(r"    ([A-Z]\w+)", line):
            stack = [root[1]]
        elif item := re.match(r"    ((?:│   |    )*)[├└]── (\w+)", line):
            depth = 1 + len(item[1]) // 4
            stack[depth:] = [item[2]]
            found[item[2]] = stack[depth - 1]
    return found


def test_the_drawing_holds_every_error_in_its_place() -> None:
    there = defined()
    assert there.pop("CmeneedsError") == "Exception"
    assert len(there) > 30
    assert drawn(errors.__doc__) == there


def test_the_drawing_of_e_utilities_is_a_part_of_it() -> None:
    part = drawn(entrez_errors.__doc__)
    assert len(part) == 11
    assert part.items() <= drawn(errors.__doc__).items()
    here = set(
        re.findall(r"(?m)^class ([A-Z]\w+)", Path(entrez_errors.__file__).read_text("utf-8"))
    )
    assert here <= part.keys()
