"""Which commit of fedisched a workflow gets, by how fedisched was installed."""

from __future__ import annotations

import json
import subprocess
from importlib.metadata import Distribution, PathDistribution
from pathlib import Path

import pytest

from fedisched import __version__
from fedisched.cli.origin import revision

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def installed(top: Path, direct_url: object | None) -> Distribution:
    info = top / "fedisched-0.1.0.dist-info"
    info.mkdir()
    if direct_url is not None:
        (info / "direct_url.json").write_text(json.dumps(direct_url))
    return PathDistribution(info)


@pytest.mark.parametrize(
    ("direct_url", "expected"),
    [
        (None, f"v{__version__}"),
        ({"url": "https://a.example/x.git", "vcs_info": {"vcs": "git", "commit_id": COMMIT}}, COMMIT),
        ({"url": "https://a.example/x.git", "vcs_info": {"vcs": "git", "commit_id": "main; x"}}, f"v{__version__}"),
        ({"url": "https://a.example/x.whl", "archive_info": {}}, f"v{__version__}"),
        ({"url": "file:///not/there", "dir_info": {}}, "main"),
    ],
)
def test_the_revision_is_known_by_the_way_of_installing(tmp_path: Path, direct_url: object, expected: str) -> None:
    assert revision(installed(tmp_path, direct_url)) == expected


def test_of_a_clone_it_is_the_commit_once_others_can_have_it(tmp_path: Path) -> None:
    origin, clone = tmp_path / "origin", tmp_path / "a clone"
    names = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run(["git", "init", "-q", str(origin)], check=True)
    commit = ["git", *names, "commit", "-q", "--allow-empty", "-m", "x"]
    subprocess.run(commit, cwd=origin, check=True)
    subprocess.run(["git", "clone", "-q", str(origin), str(clone)], check=True)
    told = installed(tmp_path, {"url": clone.as_uri(), "dir_info": {"editable": True}})
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=clone, capture_output=True, text=True, check=True).stdout
    assert revision(told) == head.strip()
    subprocess.run(commit, cwd=clone, check=True)
    assert revision(told) == "main"
