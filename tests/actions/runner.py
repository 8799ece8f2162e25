"""Runs the jobs of workflows as GitHub's runner does, as far as ours go: shell steps and local composite actions.

`actions/checkout` puts this repository where a `path` is named (the checkout itself is the test's), and
`actions/setup-python` finds the Python of the tests.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import yaml

from tests.actions.expressions import filled, value
from tests.actions.log import Command, commands

REPOSITORY = Path(__file__).resolve().parent.parent.parent
_PARTS = (".github/actions", "fedisched", "posts", "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md")
_SECONDS = 90


@dataclass(slots=True)
class Finished:
    """What came of a job: its exit code, its log, the commands in it, and the summaries of its steps."""

    code: int = 0
    log: str = ""
    commands: list[Command] = field(default_factory=list)
    summary: str = ""
    environs: list[dict[str, str]] = field(default_factory=list)

    def annotated(self, severity: str) -> list[Command]:
        return [command for command in self.commands if command.name == severity]


class Runner:
    """One machine for one job. `workspace` is its checkout. `installs` says whether the lines that install fedisched
    are run; otherwise this checkout stands in for what they install."""

    def __init__(self, workspace: Path, temp: Path, event: str = "schedule", installs: bool = False) -> None:
        self.workspace = workspace
        self.temp = temp
        self.event = event
        self.secrets: dict[str, str] = {}
        self.inputs: dict[str, Any] = {}
        self.environ: dict[str, str] = {}
        self._installs = installs
        self._step: subprocess.Popen[str] | None = None
        self._numbers = count()
        self._bin = temp / "bin"
        self._site = temp / "site"
        temp.mkdir()
        self._bin.mkdir()
        _write_program(self._bin / "python", f'env -0 >>"$RUNNER_TEMP/seen"\nexec "{sys.executable}" "$@"')
        if not installs:
            line = f'env -0 >>"$RUNNER_TEMP/seen"\nexec "{sys.executable}" -m fedisched "$@"'
            _write_program(self._bin / "fedisched", line)

    def run(self, workflow: Path, meanwhile: Callable[[], None] | None = None) -> Finished:
        """Run the one job of a workflow; `meanwhile` goes on beside it."""
        (job,) = yaml.safe_load(workflow.read_text())["jobs"].values()
        finished = Finished()
        if not value(job.get("if", "true"), self._contexts({})):
            return finished
        other = threading.Thread(target=meanwhile or (lambda: None))
        other.start()
        try:
            self._steps(job["steps"], {}, {**self._contexts({}), "secrets": self.secrets}, finished)
        finally:
            other.join()
        return finished

    @property
    def seen(self) -> str:
        """The environments that fedisched and pip found, each time that they were started."""
        return (self.temp / "seen").read_text()

    def cancel(self) -> None:
        """What GitHub does first when a run is cancelled; what does not end by itself is killed seconds later."""
        assert self._step is not None
        self._step.send_signal(signal.SIGINT)

    def _contexts(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        github = {
            "event_name": self.event,
            "ref_name": "main",
            "token": "a-token",
            "event": {"repository": {"default_branch": "main"}},
        }
        return {"github": github, "inputs": {**self.inputs, **inputs}, "steps": {}}

    def _steps(self, steps: Any, outer: dict[str, str], contexts: dict[str, Any], finished: Finished) -> None:
        """Steps in their order, until one fails. `outer` is the environment that they are given."""
        for step in steps:
            environ = {**outer, **{name: filled(each, contexts) for name, each in step.get("env", {}).items()}}
            given = {name: filled(each, contexts) for name, each in step.get("with", {}).items()}
            uses = step.get("uses", "")
            if "run" in step:
                outputs = self._shell(step["run"], environ, finished)
                contexts["steps"][step.get("id", "")] = {"outputs": outputs}
            elif uses.startswith("./"):
                self._composite(self.workspace / uses, given, environ, finished)
            elif uses.startswith("actions/checkout@"):
                self._check_out(given)
            elif uses.startswith("actions/setup-python@"):
                assert given.get("cache", "") in ("", "pip")
                assert not given.get("cache") or Path(given["cache-dependency-path"]).is_file()
            else:
                raise AssertionError(f"this runner does not know {uses}")
            if finished.code:
                return

    def _composite(self, folder: Path, given: dict[str, str], environ: dict[str, str], finished: Finished) -> None:
        action = yaml.safe_load((folder / "action.yml").read_text())
        contexts = self._contexts({})
        defaults = {name: filled(each.get("default", ""), contexts) for name, each in action["inputs"].items()}
        assert set(given) <= set(defaults), "an input that the action does not have"
        contexts["inputs"] = {**defaults, **given}
        self._steps(action["runs"]["steps"], {**environ, "GITHUB_ACTION_PATH": str(folder)}, contexts, finished)

    def _check_out(self, given: dict[str, str]) -> None:
        assert given["persist-credentials"] == "false"
        if "path" in given:
            copy_repository(self.workspace / given["path"])

    def _shell(self, script: str, environ: Mapping[str, str], finished: Finished) -> dict[str, str]:
        if not self._installs and "python -m pip install" in script:
            return {}
        number = next(self._numbers)
        file = self.temp / f"{number}.sh"
        file.write_text(script)
        names = ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STATE")
        files = {name: self.temp / f"{name}-{number}" for name in names}
        for each in files.values():
            each.touch()
        whole = {**self._machine(), **environ, **{name: str(each) for name, each in files.items()}}
        finished.environs.append(whole)
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(file)]
        self._step = subprocess.Popen(
            command,
            cwd=self.workspace,
            env=whole,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            out, err = self._step.communicate(timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._step.pid, signal.SIGKILL)
            raise
        finished.code = self._step.returncode
        finished.log += out + err
        # The two pipes are read apart, so what is on standard error is in no fence of standard output's.
        finished.commands += commands(out.splitlines()) + commands(err.splitlines())
        finished.summary += files["GITHUB_STEP_SUMMARY"].read_text()
        assert not files["GITHUB_ENV"].read_text() and not files["GITHUB_PATH"].read_text()
        pairs = [line.partition("=") for line in files["GITHUB_OUTPUT"].read_text().splitlines()]
        return {name: value for name, _, value in pairs}

    def _machine(self) -> dict[str, str]:
        """What a step finds in its environment. With `installs`, pip builds the wheel for real and puts it into a
        folder of its own; what it needs comes from the environment of the tests."""
        packages = [path for path in sys.path if path.endswith("-packages")]
        machine = {
            "PATH": os.pathsep.join([str(self._bin), str(self._site / "bin"), os.environ["PATH"]]),
            "HOME": str(self.temp),
            "LANG": "C.UTF-8",
            "PYTHONPATH": os.pathsep.join([str(self._site) if self._installs else str(REPOSITORY), *packages]),
            "RUNNER_TEMP": str(self.temp),
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": str(self.workspace),
            "GITHUB_EVENT_NAME": self.event,
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_REF_NAME": "main",
        }
        if self._installs:
            machine |= {
                "PIP_TARGET": str(self._site),
                "PIP_NO_DEPS": "1",
                "PIP_NO_INDEX": "1",
                "PIP_NO_BUILD_ISOLATION": "0",
                "PIP_CACHE_DIR": str(self.temp / "cache"),
            }
        return machine | self.environ


def copy_repository(to: Path) -> None:
    """What a checkout of this repository has, as far as installing it and running its actions needs."""
    for part in _PARTS:
        source, there = REPOSITORY / part, to / part
        there.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, there, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, there)


def _write_program(path: Path, line: str) -> None:
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)
