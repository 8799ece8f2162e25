"""What somebody puts into a content folder who wants a command run: each of these leaves a mark if it is."""

from __future__ import annotations

from pathlib import Path

PYTHON = "import pathlib; pathlib.Path({mark!r}).write_text('imported')\n"
SHADOWED = ("fedisched/__init__.py", "json.py", "yaml.py", "click.py", "sitecustomize.py", "usercustomize.py", "pip.py")


def write(folder: Path, name: str, text: str, mode: int = 0o644) -> Path:
    """A file, with the folders on the way to it."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def shadow_modules(folder: Path, mark: Path) -> None:
    """Modules of Python's and ours that would be found first where the folder is on the path."""
    for name in SHADOWED:
        write(folder, name, PYTHON.format(mark=str(mark)))
    write(folder, "fedisched/__main__.py", "")


def look_like_a_bare_repository(folder: Path, mark: Path) -> None:
    """Files that git takes for a repository when it is started in the folder, with all that a configuration can run."""
    run = f"touch '{mark}'; true"
    write(folder, "HEAD", "ref: refs/heads/main\n")
    write(folder, "objects/keep", "")
    write(folder, "refs/keep", "")
    write(
        folder,
        "config",
        f"""\
[core]
	repositoryformatversion = 0
	bare = false
	worktree = .
	fsmonitor = "{run}"
	sshCommand = "{run}"
	hooksPath = .
[remote "origin"]
	url = {folder}
	uploadpack = "{run}"
	receivepack = "{run}"
[filter "evil"]
	clean = "{run}"
	smudge = "{run}"
[diff]
	external = "{run}"
""",
    )
    write(folder, ".gitattributes", "* filter=evil diff=evil\n")
