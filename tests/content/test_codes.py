from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import fedisched.content
from fedisched.content.codes import CODES

_ROOM = Path(fedisched.content.__file__).parent
# Where each callable that makes a problem takes its code.
_PLACE_OF_CODE = {"Problem": 3, "problem": 1, "_problem": 1, "_Wrong": 0, "add": 1, "refused": 1, "Mistyped": 2}
_PLACE_IN_TUPLE = {2: 0, 3: 0, 4: 1}


def _codes_in_source() -> Iterator[str]:
    for file in _ROOM.glob("*.py"):
        if file.name == "codes.py":
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                place = 0 if name == "PydanticCustomError" else _PLACE_OF_CODE.get(name, 99)
                if place < len(node.args) and isinstance(node.args[place], ast.Constant):
                    yield str(ast.literal_eval(node.args[place]))


def test_every_code_in_the_source_is_in_the_index() -> None:
    found = {code for code in _codes_in_source() if code == code.lower() and " " not in code and code}
    assert len(found) > 40
    assert found <= CODES.keys()


def test_every_code_in_the_index_is_in_the_source() -> None:
    source = "".join(file.read_text() for file in _ROOM.glob("*.py") if file.name != "codes.py")
    assert [code for code in CODES if f'"{code}"' not in source] == []
