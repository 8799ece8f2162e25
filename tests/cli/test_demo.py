"""`fedisched demo`, whole, as a person runs it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from fedisched.cli.exit import Exit
from tests.cli.support import ROOT

SAMPLES = ROOT / "posts"


@pytest.mark.timeout(240)
def test_the_demo_publishes_the_samples_and_changes_nothing_else(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    with started(["-m", "fedisched", "demo", "--keep", str(kept)], cwd=tmp_path) as demo:
        said, complained = demo.communicate(timeout=200)
    assert (demo.returncode, complained) == (Exit.DONE, ""), said
    assert "every link in the files' results works" in said and "\x1b" not in said
    for sample in sorted(SAMPLES.rglob("*")):
        copy = kept / "posts" / sample.relative_to(SAMPLES)
        if sample.is_file():
            assert_copied(sample, copy)
    page = (kept / "timeline.html").read_text()
    assert "<html" in page and "Hello" in page
    assert not processes_that_mention(str(kept))


def assert_copied(sample: Path, copy: Path) -> None:
    before, after = sample.read_bytes(), copy.read_bytes()
    if not (sample.suffix == ".md" and re.search(rb"(?m)^time:", before)):
        assert after == before
        return
    assert after.count(b"\nstatus: published\n") == 1 and after.count(b"\n    url: http://127.0.0.1:") >= 1
    written = rb"(?m)^(status: published\n|results:\n(  .*\n)+)"
    assert without_time(re.sub(written, b"", after)) == without_time(
        re.sub(rb"(?m)^status: scheduled.*\n", b"", before)
    )


def without_time(data: bytes) -> bytes:
    return re.sub(rb"(?m)^time: *[^#\n]*?( *(#.*)?)$", rb"time:\1", data, count=1)


def test_ctrl_c_ends_it_in_order(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    with started(["-u", "-m", "fedisched", "demo", "--keep", str(kept)], cwd=tmp_path) as demo:
        assert demo.stdout is not None
        for line in demo.stdout:
            if line.split()[1:2] == ["watching"]:
                break
        demo.send_signal(signal.SIGINT)
        _, complained = demo.communicate(timeout=60)
    assert demo.returncode == Exit.INTERRUPTED and "Traceback" not in complained
    assert not processes_that_mention(str(kept))


def test_what_is_there_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with started(["-m", "fedisched", "demo", "--keep", str(tmp_path)], cwd=tmp_path) as demo:
        _, complained = demo.communicate(timeout=60)
    assert demo.returncode == Exit.NEEDS_YOU and "is not empty. Name a new folder" in complained


def test_a_wheel_carries_the_samples(tmp_path: Path) -> None:
    build = "from hatchling.builders.wheel import WheelBuilder; print(next(WheelBuilder('.').build(directory=%r)))"
    run = [sys.executable, "-c", build % str(tmp_path)]
    made = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()[-1]
    site = tmp_path / "site"
    with zipfile.ZipFile(made) as wheel:
        wheel.extractall(site)
    find = "from fedisched.cli.demo import samples; print(samples())"
    environ = {**os.environ, "PYTHONPATH": str(site)}
    found = subprocess.run(
        [sys.executable, "-c", find], cwd=tmp_path, env=environ, capture_output=True, text=True, check=True
    )
    installed = Path(found.stdout.strip())
    assert installed == site / "fedisched" / "samples"
    assert {path.name for path in installed.glob("*.md")} == {path.name for path in SAMPLES.glob("*.md")}
    assert (installed / "media" / "evening.png").is_file()


def started(arguments: list[str], cwd: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *arguments], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def processes_that_mention(word: str) -> list[str]:
    listed = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if word in line]
