"""The workflows and actions are valid, safe by zizmor's rules, and this repository's own are what `init` writes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from fedisched.cli.workflows import CHECK, PUBLISH, Source, checking, publishing
from fedisched.git.command import Git
from tests.actions.runner import REPOSITORY
from tests.cli.support import call

ACTIONS = sorted((REPOSITORY / ".github" / "actions").glob("*/action.yml"))
WORKFLOWS = sorted((REPOSITORY / ".github" / "workflows").glob("*.yml"))
PINNED = {
    "actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683",
    "actions/setup-python@a26af69be951a213d495a4c3e4e4022e16d87065",
    "actions/setup-node@49933ea5288caeca8642d1e84afbd3f7d6820020",
    "pypa/gh-action-pypi-publish@76f52bc884231f62b9a034ebfe128415bbaabdfc",
}


@pytest.fixture(scope="module")
def scaffolded(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The workflows of a new content folder whose name tries to be more than a name."""
    top = tmp_path_factory.mktemp("repository")
    subprocess.run(["git", "init", "-q", str(top)], check=True)
    call("init", str(top / 'my "posts" ${{ github.token }} [1]'))
    return sorted((top / ".github" / "workflows").glob("*.yml"))


def test_they_are_valid(scaffolded: list[Path]) -> None:
    assert len(scaffolded) == 2
    _run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *WORKFLOWS, *scaffolded)
    _run("check-jsonschema", "--builtin-schema", "vendor.github-actions", *ACTIONS)


def test_zizmor_finds_nothing(scaffolded: list[Path]) -> None:
    config = REPOSITORY / ".github" / "zizmor.yml"
    _run("zizmor", "--offline", "--no-progress", "--quiet", "--config", config, *WORKFLOWS, *ACTIONS, *scaffolded)


@pytest.mark.parametrize(("path", "text"), [(PUBLISH, publishing), (CHECK, checking)], ids=["publish", "check"])
def test_this_repositorys_own_are_what_init_writes(path: str, text: object) -> None:
    assert callable(text)
    assert (REPOSITORY / path).read_text() == text(".", "pyproject.toml", Source())


def test_every_action_is_pinned_to_a_commit_that_we_know(scaffolded: list[Path]) -> None:
    for path in (*WORKFLOWS, *ACTIONS, *scaffolded):
        for used in re.findall(r"^\s*(?:- )?uses: (\S+)", path.read_text(), re.MULTILINE):
            assert used in PINNED or used.startswith("./"), f"{path.name}: {used}"


def test_what_others_write_never_stands_in_a_script(scaffolded: list[Path]) -> None:
    for path in (*WORKFLOWS, *ACTIONS, *scaffolded):
        found = yaml.safe_load(path.read_text())
        jobs = found["jobs"].values() if "jobs" in found else [found["runs"]]
        scripts = [step["run"] for job in jobs for step in job.get("steps", ()) if "run" in step]
        assert not any("${{" in script for script in scripts), path


def test_nothing_may_more_than_it_must() -> None:
    rights: dict[tuple[str, str], set[str]] = {}
    for path in WORKFLOWS:
        workflow = yaml.safe_load(path.read_text())
        assert "pull_request_target" not in workflow[True]
        for name, job in workflow["jobs"].items():
            given = {**workflow["permissions"], **job.get("permissions", {})}
            more = {right for right, level in given.items() if level == "write"}
            rights |= {(path.name, name): more} if more else {}
    assert rights == {
        ("fedisched.yml", "publish"): {"contents"},
        ("release.yml", "package"): {"id-token"},
        ("release.yml", "image"): {"packages"},
        ("release.yml", "image-tags"): {"packages"},
        ("release.yml", "notes"): {"contents"},
    }


def test_a_run_that_publishes_is_never_broken_off() -> None:
    workflow = yaml.safe_load((REPOSITORY / PUBLISH).read_text())
    assert workflow["concurrency"] == {"group": "fedisched", "cancel-in-progress": False}
    minutes = [entry["cron"].split()[0] for entry in workflow[True]["schedule"]]
    assert minutes == ["13,43"], "off the full and the half hour, when everybody's start"
    assert "secrets" not in (REPOSITORY / CHECK).read_text()


def _run(tool: str, *arguments: str | Path) -> None:
    program = Path(sys.executable).with_name(tool)
    # Nothing is fetched: the schemas come with the tool.
    environ = {**os.environ, "NO_COLOR": "1", "ZIZMOR_OFFLINE": "true"}
    done = subprocess.run([program, *arguments], env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("unknown", ["NOTHING", "GIT_CONFIG_COUNT"], ids=["this git", "git 2.30"])
def test_the_jobs_token_is_gits_alone_whatever_its_version(tmp_path: Path, unknown: str) -> None:
    script = (REPOSITORY / ".github" / "actions" / "publish" / "publish.sh").read_text()
    found = re.search(r"^with_git_token\(\) \{\n.*?^\}\n", script, re.MULTILINE | re.DOTALL)
    settings = re.search(r"^export GIT_CONFIG_COUNT=.*\n", script, re.MULTILINE)
    assert found is not None and settings is not None
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    key = "http.https://github.com/.extraheader"
    subprocess.run(["git", "-C", str(tmp_path), "config", key, "left behind"], check=True)
    # `--get-all` lists what was set aside, too; git itself begins anew at each empty value.
    asked = f"{settings[0]}{found[0]}TOKEN=secret\nwith_git_token env -u {unknown} git config --get-all {key}"
    done = subprocess.run(["bash", "-c", asked], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.rpartition("\n\n")[2] == "AUTHORIZATION: basic eC1hY2Nlc3MtdG9rZW46c2VjcmV0\n"
    assert Git(tmp_path, {**os.environ, "GIT_CONFIG_PARAMETERS": f"'{key}=kept'"}).text("config", key) == "kept"
