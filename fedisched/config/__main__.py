"""`python -m fedisched.config FOLDER`: validate a configuration for another process, and answer with one JSON object.

`{"settings": …}`, or `{"message": …, "hint": …, "problems": […]}`. The daemon starts it, so that what validation
needs in memory is given back when it ends.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from fedisched.config.load import load_settings
from fedisched.config.plain import problem_to_plain, settings_to_plain
from fedisched.model.errors import ConfigError


def answer(folder: Path) -> dict[str, object]:
    """What the child says about a content folder."""
    try:
        return {"settings": settings_to_plain(load_settings(folder))}
    except ConfigError as error:
        problems = [problem_to_plain(problem) for problem in error.problems]
        return {"message": error.message, "hint": error.hint, "problems": problems}


if __name__ == "__main__":
    json.dump(answer(Path(sys.argv[1])), sys.stdout)
