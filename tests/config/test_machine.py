"""The machine's own configuration: who may write it, where it may lie, and what it says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fedisched.config import load_settings
from fedisched.config.machine import machine_file, ways_for
from fedisched.model.errors import ConfigError
from fedisched.model.telling import KINDS, Ways


class Machine:
    """A home with a configuration, and a content folder elsewhere."""

    def __init__(self, at: Path) -> None:
        self.folder = at / "posts"
        self.folder.mkdir()
        self.environ = {"HOME": str(at / "home")}
        self.path = machine_file(self.environ)
        self.path.parent.mkdir(parents=True)

    def says(self, text: str, mode: int = 0o600) -> Ways | None:
        self.path.write_text(text, encoding="utf-8")
        self.path.chmod(mode)
        return ways_for(self.folder, self.environ)

    def refuses(self, text: str, mode: int = 0o600) -> str:
        with pytest.raises(ConfigError) as refused:
            self.says(text, mode)
        return "\n".join([str(refused.value), *map(str, refused.value.problems)])


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_where_it_is(tmp_path: Path) -> None:
    assert machine_file({"HOME": "/home/me"}) == Path("/home/me/.config/fedisched/config.toml")
    assert machine_file({"HOME": "/home/me", "XDG_CONFIG_HOME": "/x"}) == Path("/x/fedisched/config.toml")
    assert machine_file({"HOME": "/home/me", "XDG_CONFIG_HOME": "x"}) == Path("/home/me/.config/fedisched/config.toml")
    assert ways_for(tmp_path, {"HOME": str(tmp_path)}) is None


def test_what_it_says(machine: Machine) -> None:
    assert machine.says("") is None
    assert machine.says('[notify]\ncommand = ["mail", "-s", "fedisched", "me"]\n', 0o644) == Ways(
        command=("mail", "-s", "fedisched", "me")
    )
    found = machine.says('[notify]\nurls = ["ntfy://x"]\non = ["failed", "held"]\ntimeout = "5s"\n')
    assert found == Ways(urls=("ntfy://x",), on=("failed", "held"), timeout=5.0)
    assert "ntfy" not in repr(found), "addresses are secrets"


def test_a_folder_can_have_its_own_ways(machine: Machine) -> None:
    general = '[notify]\ncommand = ["a"]\non = ["held"]\n'
    assert machine.says(f'{general}[notify.folders."{machine.folder}"]\ncommand = ["b"]\n') == Ways(
        ("b",), on=("held",)
    )
    assert machine.says(f'{general}[notify.folders."{machine.folder}-2"]\ncommand = ["b"]\n') == Ways(
        ("a",), on=("held",)
    )
    assert machine.says(f'[notify.folders."{machine.folder}"]\ncommand = ["b"]\n') == Ways(("b",), on=KINDS)
    off = machine.says(f'{general}[notify.folders."{machine.folder}"]\ncommand = []\n')
    assert off is not None and not off


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[notfy]\n", ":1:1: there is no key `notfy` here"),
        ('[notify]\ncomand = ["a"]\n', ":2:1: there is no key `comand`"),
        ('[notify]\ncommand = "a b"\n', ":2:11: this must be a list of texts"),
        ('[notify]\ncommand = ["./a"]\n', ":2:11: `./a` is no whole path"),
        ('[notify]\nurls = ["secret-thing"]\n', ":2:9: this is no address"),
        ('[notify]\non = ["failed", "heldd"]\n', "`heldd` is nothing to be told of. Choose of `failed`"),
        ('[notify]\ntimeout = "1h"\n', ":2:11: this is no time to wait"),
        ('[notify]\nfolders = ["a"]\n', "this must be a table"),
        ("notify = 1\n", "`notify` must be a table"),
        ("[notify\n", "is not valid: "),
        ('x = "' + "y" * 70_000 + '"', "larger than 64 kB"),
    ],
)
def test_mistakes_are_named_with_their_place(machine: Machine, text: str, words: str) -> None:
    assert words in (said := machine.refuses(text)), said
    assert "secret-thing" not in said


def test_others_may_neither_write_it_nor_read_addresses(machine: Machine) -> None:
    command, urls = '[notify]\ncommand = ["a"]\n', '[notify]\nurls = ["ntfy://x"]\n'
    assert "can be written by others" in machine.refuses(command, 0o620)
    assert "can be read by others" in machine.refuses(urls, 0o604)
    assert machine.says(urls, 0o600)


def test_another_users_file_is_refused(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    me = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: me + 1)
    if me == 0:
        os.chown(machine.path.parent, 12345, -1)
        machine.path.touch()
        os.chown(machine.path, 12345, -1)
    assert "belongs to another user" in machine.refuses('[notify]\ncommand = ["a"]\n')


def test_a_pipe_in_its_place_holds_up_nobody(machine: Machine) -> None:
    os.mkfifo(machine.path, 0o600)
    with pytest.raises(ConfigError, match="is no file"):
        ways_for(machine.folder, machine.environ)


@pytest.mark.parametrize("linked", [False, True])
def test_in_what_can_be_pushed_to_it_is_refused(tmp_path: Path, linked: bool) -> None:
    """A home that is itself the repository of the posts, or a link into it."""
    (tmp_path / "repo/.git").mkdir(parents=True)
    folder = tmp_path / "repo/content"
    folder.mkdir()
    home = tmp_path / "repo/home"
    real = home / ".config/fedisched/config.toml"
    real.parent.mkdir(parents=True)
    real.write_text('[notify]\ncommand = ["a"]\n')
    real.chmod(0o600)
    if linked:
        home = tmp_path / "home"
        (home / ".config").mkdir(parents=True)
        (home / ".config/fedisched").symlink_to(real.parent)
    with pytest.raises(ConfigError, match="which whoever can push posts can change"):
        ways_for(folder, {"HOME": str(home)})


def test_a_command_in_the_content_folder_is_refused(machine: Machine) -> None:
    script = machine.folder / "tell.sh"
    link = machine.path.parent / "link.sh"
    link.symlink_to(script)
    for command in (f'["{script}"]', f'["sh", "{script}"]', f'["{link}"]'):
        assert "whoever can push posts can change" in machine.refuses(f"[notify]\ncommand = {command}\n")
    assert machine.says('[notify]\ncommand = ["/bin/sh", "/opt/tell.sh"]\n')


@pytest.mark.parametrize("name", ["fedisched.toml", "pyproject.toml"])
def test_the_content_folder_cannot_say_it(tmp_path: Path, name: str) -> None:
    table = "notify" if name == "fedisched.toml" else "tool.fedisched.notify"
    (tmp_path / name).write_text(f'[{table}]\ncommand = ["touch", "pwned"]\n')
    with pytest.raises(ConfigError) as refused:
        load_settings(tmp_path)
    (problem,) = refused.value.problems
    assert (problem.code, problem.line) == ("machine-only", 1)
    assert "whoever can push posts" in problem.message and "~/.config/fedisched/config.toml" in problem.hint
