"""The little of GitHub's expression language that the workflows use: names with dots, texts, `==`, `!=`, `&&`, `||`."""

from __future__ import annotations

import re
from typing import Any

_IN_TEXT = re.compile(r"\$\{\{(.*?)\}\}")


def filled(text: object, contexts: dict[str, Any]) -> str:
    """A value of a workflow as the text that a step gets."""
    said = {True: "true", False: "false"}.get(text, str(text)) if isinstance(text, bool) else str(text)
    return _IN_TEXT.sub(lambda found: _as_text(value(found[1], contexts)), said)


def value(expression: str, contexts: dict[str, Any]) -> Any:
    """What an expression says; a name that nobody knows is an empty text, as on GitHub."""
    for operator in ("||", "&&", "==", "!="):
        if operator in expression:
            left, right = (value(side, contexts) for side in expression.split(operator, 1))
            match operator:
                case "||":
                    return left or right
                case "&&":
                    return left and right
                case _:
                    return (left == right) is (operator == "==")
    word = expression.strip()
    if word.startswith("'"):
        return word.strip("'")
    if word in ("true", "false"):
        return word == "true"
    if re.fullmatch(r"[\w-]+\(\)", word):
        return {"always()": True, "success()": True}[word]
    found: Any = contexts
    for name in word.split("."):
        found = found.get(name, "") if isinstance(found, dict) else ""
    return found


def _as_text(found: Any) -> str:
    return {True: "true", False: "false"}[found] if isinstance(found, bool) else str(found)
