"""What compiled code would do differently is kept out of the modules that are compiled."""

import ast
import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def compiled_modules() -> list[str]:
    spec = importlib.util.spec_from_file_location("compiled_wheel", ROOT / "tools" / "compiled_wheel.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: list[str] = module.sources(ROOT)
    assert len(found) > len(module.COMPILED)
    assert all((ROOT / pattern).exists() for pattern in module.COMPILED if "*" not in pattern)
    return found


def annotations(tree: ast.AST) -> list[ast.expr]:
    found: list[ast.expr | None] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.arg | ast.AnnAssign):
            found.append(node.annotation)
        elif isinstance(node, ast.FunctionDef):
            found.append(node.returns)
    return [each for each in found if each is not None]


@pytest.mark.parametrize("path", compiled_modules())
def test_no_compiled_module_takes_an_int_for_a_float(path: str) -> None:
    """To mypy an int is a float; to mypyc it is converted or refused, where the interpreter keeps every digit."""
    written = [ast.unparse(each) for each in annotations(ast.parse((ROOT / path).read_text(encoding="utf-8")))]
    assert [each for each in written if "float" in each.replace("int | float", "")] == []


@pytest.mark.parametrize("path", compiled_modules())
def test_no_compiled_module_has_fields_that_msgspec_decodes(path: str) -> None:
    """mypyc does not keep what an annotation says, by which msgspec would decode."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    bases = [ast.unparse(base) for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for base in node.bases]
    assert not {"Struct", "msgspec.Struct"} & set(bases)
