"""`fedisched init`."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from fedisched.cli.init import guess_timezone
from fedisched.config import load_settings
from tests.cli.support import call


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_new_folder_has_everything_and_its_configuration_is_valid(tmp_path: Path) -> None:
    done = call("init", str(tmp_path / "new"), environ={"TZ": "Europe/Paris"})
    assert done.exit_code == 0
    made = files_in(tmp_path / "new")
    workflows = {".github/workflows/fedisched.yml", ".github/workflows/fedisched-check.yml"}
    assert set(made) == {"fedisched.toml", "posts/hello.md", ".gitignore", ".gitattributes", *workflows}
    assert all(name in done.stdout for name in made)
    settings = load_settings(tmp_path / "new")
    assert (settings.timezone, list(settings.accounts)) == ("Europe/Paris", ["mastodon", "bluesky"])


def test_what_is_there_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "fedisched.toml").write_text("# mine")
    (tmp_path / "posts").mkdir()
    (tmp_path / ".gitignore").symlink_to("nowhere")
    done = call("init", str(tmp_path))
    assert done.exit_code == 0
    assert "kept  fedisched.toml" in done.stdout
    assert (tmp_path / "fedisched.toml").read_text() == "# mine"
    assert not (tmp_path / "nowhere").exists()
    assert list((tmp_path / "posts").iterdir()) == []
    before = files_in(tmp_path)
    assert call("init", str(tmp_path)).exit_code == 0
    assert files_in(tmp_path) == before


def test_a_configuration_in_pyproject_is_kept(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.fedisched]\n")
    call("init", str(tmp_path))
    assert not (tmp_path / "fedisched.toml").exists()


def test_in_a_repository_the_workflow_stands_where_github_looks(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    content = tmp_path / 'my [1] "content"'
    call("init", str(content))
    for name, verb in (("fedisched.yml", "push"), ("fedisched-check.yml", "pull_request")):
        workflow = yaml.safe_load((tmp_path / ".github/workflows" / name).read_text())
        paths = workflow[True][verb]["paths"]
        assert paths[:2] == ['my \\[1\\] "content"/posts/**', 'my \\[1\\] "content"/fedisched.toml']
        (job,) = workflow["jobs"].values()
        assert job["steps"][-1]["with"]["folder"] == 'my [1] "content"'


def test_in_a_repository_git_learns_how_to_merge_posts(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / ".gitattributes").write_text("*.png binary\n")
    done = [call("init", str(tmp_path / name)) for name in ("a", "b")]
    driver = subprocess.run(["git", "config", "merge.fedisched.driver"], cwd=tmp_path, capture_output=True, text=True)
    assert driver.stdout.endswith("merge-driver %O %A %B %L %P\n")
    line = "/posts/**/*.md merge=fedisched"
    assert line not in done[0].stdout and line in (tmp_path / "a" / ".gitattributes").read_text()
    assert line in done[1].stdout
    assert (tmp_path / "b" / ".gitattributes").read_text() == "*.png binary\n"


@pytest.mark.parametrize(
    ("environ", "link", "expected"),
    [
        ({"TZ": "America/New_York"}, "", "America/New_York"),
        ({"TZ": ":Asia/Tokyo"}, "", "Asia/Tokyo"),
        ({"TZ": "CET-1CEST"}, "/usr/share/zoneinfo/Europe/Berlin", "Europe/Berlin"),
        ({"TZ": "../../etc/passwd"}, "", "UTC"),
        ({}, "/usr/share/zoneinfo/Etc/UTC", "UTC"),
        ({}, "/var/db/timezone/zoneinfo/Europe/Rome", "Europe/Rome"),
        ({}, "", "UTC"),
    ],
)
def test_the_timezone_is_guessed_from_the_machine(
    tmp_path: Path, environ: dict[str, str], link: str, expected: str
) -> None:
    localtime = tmp_path / "localtime"
    if link:
        localtime.symlink_to(link)
    assert guess_timezone(environ, localtime) == expected


def test_posts_in_another_folder_are_merged_and_carried_from_there(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / "fedisched.toml").write_text('timezone = "UTC"\nposts = "my notes"\n')
    assert call("init", str(tmp_path)).exit_code == 0
    assert '"my notes/**"' in (tmp_path / ".github" / "workflows" / "fedisched.yml").read_text()
    asked = [
        "git",
        "-C",
        str(tmp_path),
        "check-attr",
        "merge",
        "--",
        "my notes/sub/a.md",
        "my notes/a.md",
        "posts/a.md",
    ]
    told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.splitlines()
    assert [line.rpartition(" ")[2] for line in told] == ["fedisched", "fedisched", "unspecified"]
