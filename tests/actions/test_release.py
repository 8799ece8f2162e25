"""What a tag releases, and what keeps one from being released."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

import fedisched
from tests.actions.runner import REPOSITORY, copy_repository

WORKFLOW = REPOSITORY / ".github" / "workflows" / "release.yml"


@pytest.fixture(scope="module")
def release() -> ModuleType:
    spec = importlib.util.spec_from_file_location("release", REPOSITORY / ".ci" / "release.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def repository(top: Path, changelog: str, version: str = "1.2.3") -> Path:
    (top / "fedisched").mkdir()
    (top / "fedisched" / "__init__.py").write_text(f'"""A package."""\n\n__version__ = "{version}"\n')
    (top / "CHANGELOG.md").write_text(changelog)
    return top


def test_the_version_stands_in_one_place(release: ModuleType) -> None:
    assert release.version(REPOSITORY) == fedisched.__version__
    assert re.fullmatch(r"\d+\.\d+\.\d+((a|b|rc)\d+)?", fedisched.__version__)
    assert "Unreleased" in release.sections(REPOSITORY) or fedisched.__version__ in release.sections(REPOSITORY)


@pytest.mark.parametrize("heading", ["## 1.2.3", "## 1.2.3 (2027-01-07)", "## [1.2.3] - 2027-01-07"])
def test_the_notes_are_the_versions_section(release: ModuleType, tmp_path: Path, heading: str) -> None:
    folder = repository(tmp_path, f"# Changelog\n\n{heading}\n\n- New.\n\n### More\n\n## 1.2.2\n\n- Old.\n")
    assert release.notes("v1.2.3", folder) == "- New.\n\n### More"


@pytest.mark.parametrize(
    ("tag", "changelog", "words"),
    [
        ("v1.2.4", "## 1.2.3\n\n- New.\n", "The tag is v1.2.4, but the package's version is 1.2.3. Tag v1.2.3"),
        ("1.2.3", "## 1.2.3\n\n- New.\n", "Tag v1.2.3"),
        ("v1.2.3", "## 1.2.2\n\n- Old.\n", "Add a section `## 1.2.3`"),
        ("v1.2.3", "## 1.2.3\n\n## 1.2.2\n\n- Old.\n", "Add a section `## 1.2.3`"),
        ("v1.2.3", "## Unreleased\n\n- More.\n\n## 1.2.3\n\n- New.\n", "still has unreleased changes"),
    ],
)
def test_what_does_not_fit_is_not_released(
    release: ModuleType, tmp_path: Path, tag: str, changelog: str, words: str
) -> None:
    with pytest.raises(SystemExit) as stopped:
        release.notes(tag, repository(tmp_path, changelog))
    assert words in str(stopped.value)


def scripts(job: str) -> list[dict[str, Any]]:
    steps = yaml.safe_load(WORKFLOW.read_text())["jobs"][job]["steps"]
    return [step for step in steps if "run" in step]


def run(step: dict[str, Any], cwd: Path, temp: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a step's script as the runner does, with programs that write down how they were called in place of those that
    reach other machines."""
    programs = temp / "bin"
    programs.mkdir(exist_ok=True)
    for name in ("docker", "gh"):
        program = programs / name
        # The token is read to its end, or whoever writes it would be ended by the broken pipe.
        taken = f'[ "$1" != login ] || cat >>"{temp}/token"'
        program.write_text(f'#!/bin/sh\nprintf "%s\\n" "{name} $*" >>"{temp}/calls"\n{taken}\n')
        program.chmod(0o755)
    (programs / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (programs / "python").chmod(0o755)
    names = {"GITHUB_REPOSITORY": "Someone/Fedisched", "GITHUB_SERVER_URL": "https://github.com", "GITHUB_SHA": "abc"}
    machine = {"PATH": f"{programs}:{os.environ['PATH']}", "GITHUB_ACTOR": "someone", "RUNNER_TEMP": str(temp), **names}
    file = temp / "step.sh"
    file.write_text(step["run"])
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(file)]
    return subprocess.run(
        command, cwd=cwd, env={**machine, **environ}, capture_output=True, text=True, timeout=60, check=False
    )


def test_the_check_ends_a_release_whose_tag_is_not_the_version(tmp_path: Path) -> None:
    (check,) = scripts("check")
    done = run(check, REPOSITORY, tmp_path, GITHUB_REF_NAME="v0.0.0")
    assert done.returncode == 1 and f"Tag v{fedisched.__version__}" in done.stderr


def test_the_package_has_the_program_and_the_samples(tmp_path: Path) -> None:
    build = scripts("package")[-1]
    copy = tmp_path / "copy"
    copy_repository(copy)
    done = run(build, copy, tmp_path)
    assert done.returncode == 0, done.stderr
    (wheel,) = (copy / "dist").glob("*.whl")
    (source,) = (copy / "dist").glob("*.tar.gz")
    names = zipfile.ZipFile(wheel).namelist()
    assert f"-{fedisched.__version__}-" in wheel.name
    assert {"fedisched/cli/workflows.py", "fedisched/samples/1-hello.md"} <= set(names)
    with tarfile.open(source) as archive:
        assert any(name.endswith("/CHANGELOG.md") for name in archive.getnames())


def test_the_image_is_built_for_both_and_tagged_as_one(tmp_path: Path) -> None:
    ref = {"GITHUB_REF_NAME": "v1.2.3", "TOKEN": "secret"}
    (build,), (tags,) = scripts("image"), scripts("image-tags")
    for platform in ("amd64", "arm64"):
        assert run(build, tmp_path, tmp_path, PLATFORM=platform, **ref).returncode == 0
    assert run(tags, tmp_path, tmp_path, **ref).returncode == 0
    calls = (tmp_path / "calls").read_text()
    assert "secret" not in calls, "a token never stands in a command line"
    assert (tmp_path / "token").read_text() == "secret" * 3
    for platform in ("amd64", "arm64"):
        assert f"--tag ghcr.io/someone/fedisched:1.2.3-{platform} ." in calls
    image = "ghcr.io/someone/fedisched"
    assert f"--tag {image}:1.2.3 --tag {image}:latest {image}:1.2.3-amd64 {image}:1.2.3-arm64" in calls


def test_the_notes_go_onto_the_releases_page(tmp_path: Path) -> None:
    (notes,) = scripts("notes")
    folder = repository(tmp_path, "## 1.2.3\n\n- New `code`.\n")
    (folder / ".ci").mkdir()
    (folder / ".ci" / "release.py").write_bytes((REPOSITORY / ".ci" / "release.py").read_bytes())
    done = run(notes, folder, tmp_path, GITHUB_REF_NAME="v1.2.3", GH_TOKEN="secret")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "notes.md").read_text() == "- New `code`.\n"
    assert "gh release create v1.2.3 --verify-tag" in (tmp_path / "calls").read_text()
