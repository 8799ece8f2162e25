"""How much the command line costs over the imports it cannot do without. `python -m tests.bench.command_line`"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from tests.bench.folders import CONFIG, SCHEDULED, make_folder
from tests.bench.side_by_side import fedisched, table, time_in_turn

IMPORTS_OF_CHECK = """
import click, yaml, regex, pydantic
class Model(pydantic.BaseModel):
    time: str
    targets: list[str]
Model(time='2026-01-01 09:00', targets=['mastodon'])
"""


def main() -> None:
    python = sys.executable
    folder = Path(tempfile.mkdtemp(prefix="fedisched-bench-"))
    state = {"FEDISCHED_STATE": str(folder / "state")}
    try:
        print("\n--version (bound: 2)")
        print(
            table(time_in_turn({"import click": [python, "-c", "import click"], "--version": fedisched("--version")}))
        )

        one = folder / "one"
        (one / "posts").mkdir(parents=True)
        (one / "fedisched.toml").write_text(CONFIG, encoding="utf-8")
        (one / "posts/a.md").write_text(SCHEDULED.format(n=1, month=1, day=1), encoding="utf-8")
        print("\ncheck of one file (bound: 1.5)")
        commands = {
            "import click, yaml, regex, pydantic": [python, "-c", IMPORTS_OF_CHECK],
            "check posts/a.md": fedisched("check", "posts/a.md"),
        }
        print(table(time_in_turn(commands, cwd=one, environ=state)))

        many = make_folder(folder / "many", 10_000, 9_500)
        print("\nqueue, 10,000 posts of which 9,500 are published (bounds: hugo list all; --version + 150 ms)")
        fresh = ["sh", "-c", 'rm -rf "$FEDISCHED_STATE"; exec "$@"', "sh", *fedisched("queue")]
        commands = {"--version": fedisched("--version")}
        if shutil.which("hugo"):
            (many / "content").symlink_to(many / "posts")
            (many / "hugo.toml").write_text('title = "bench"\n', encoding="utf-8")
            commands["hugo list all"] = ["hugo", "list", "all"]
        print(table(time_in_turn({**commands, "queue without an index": fresh}, runs=5, cwd=many, environ=state)))
        print(table(time_in_turn({**commands, "queue with an index": fedisched("queue")}, 9, many, state)))
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
