from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.failing.lacking import Lacking, with_few_files

FEW = """
import os, resource, sys
from pathlib import Path
import watchdog.observers
from fedisched.content.watch import Watcher
from fedisched.engine.journal import Journal
from fedisched.model.errors import StateUnusable

folder, (usual, hard) = Path(sys.argv[1]), resource.getrlimit(resource.RLIMIT_NOFILE)
Journal(folder / "journal.sqlite3").close()
free = os.dup(0)
os.close(free)
for more in range(12):
    said = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (free + more, hard))
    try:
        Journal(folder / "journal.sqlite3").close()
    except StateUnusable as error:
        said.append(f"journal {error}")
    watcher = Watcher(folder, "posts", print, notice=lambda words: said.append(f"watcher {words}"))
    watcher.start()
    watcher.stop()
    resource.setrlimit(resource.RLIMIT_NOFILE, (usual, hard))
    print(*said, sep="\\n")
"""


@pytest.mark.parametrize(("most", "heals"), [(8, False), (10, True)])
def test_with_too_few_files_it_says_how_to_raise_it_and_sends_once(lacking: Lacking, most: int, heals: bool) -> None:
    code, said = lacking.run("publish", before=with_few_files(most))
    assert "delete that file" not in said
    assert "ulimit -n" in said or (code == 0 and lacking.texts()), said
    if heals:
        lacking.heals()


def test_whatever_the_one_file_too_many_is_the_limit_is_named_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "posts").mkdir()
    command = [sys.executable, "-c", FEW, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    failed = [line for line in done.stdout.splitlines() if line]
    assert done.returncode == 0 and {line.split()[0] for line in failed} == {"journal", "watcher"}, done
    for line in failed:
        assert "too many files are open" in line and "ulimit -n" in line, line


def test_doctor_names_the_limit(lacking: Lacking) -> None:
    code, said = lacking.run("doctor", "--offline", before=with_few_files(40))
    assert code == 1 and "40 files may be open at once, which is too few" in said and "ulimit -n" in said, said
