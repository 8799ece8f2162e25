"""`fedisched init --systemd` and `--compose`: what they write, and what they leave alone."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from fedisched.cli import serving
from fedisched.cli.here import Here, Surroundings
from fedisched.cli.say import Voice
from fedisched.cli.serving import Service
from fedisched.model.errors import ConfigError
from tests.cli.support import ROOT, call, content_folder

ODD = 'my "own" 100% $HOME\\posts'


def here(at: Path, **environ: str) -> Here:
    return Here(None, Voice(), Surroundings(environ={"HOME": str(at), "PATH": os.environ["PATH"], **environ}))


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whoever runs the tests, the folder's owner is `me`, and is not root."""
    me = SimpleNamespace(pw_name="me", pw_dir="/home/me")
    monkeypatch.setattr(serving, "_user", lambda _: me)
    monkeypatch.setattr(serving, "SYSTEM", tmp_path / "etc")
    stat = Path.stat

    def owned(path: Path, **options: bool) -> os.stat_result:
        found = stat(path, **options)
        values = list(found)
        values[4] = values[4] or 1234
        return os.stat_result(values)

    monkeypatch.setattr(Path, "stat", owned)


def service(at: Path, folder: Path, *, is_root: bool = False, hides: bool = True, **environ: str) -> Service:
    return serving.service(here(at, **environ), folder, folder, is_root=is_root, may_hide=lambda: hides)


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_a_system_unit_is_hardened_and_runs_as_whose_the_folder_is(tmp_path: Path) -> None:
    folder = content_folder(tmp_path / "posts dir")
    main, died, environment = service(tmp_path, folder, is_root=True, FEDISCHED_STATE="/var/lib/state").files
    assert main.path == tmp_path / "etc/systemd/system/fedisched-posts-dir.service"
    unit = lines(main.text)
    for line in (
        "Type=notify",
        "KillMode=mixed",
        "WatchdogSec=3min",
        "Restart=on-failure",
        "OOMPolicy=continue",
        "User=me",
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "ProtectHome=read-only",
        "PrivateTmp=yes",
        "SystemCallFilter=@system-service",
        "CapabilityBoundingSet=",
        f'ReadWritePaths="{folder}" /var/lib/state',
        "Environment=FEDISCHED_STATE=/var/lib/state",
        f"EnvironmentFile=-{environment.path}",
        "OnFailure=fedisched-posts-dir-died.service",
        "WantedBy=multi-user.target",
    ):
        assert line in unit, main.text
    assert any(line.endswith(f'run --folder "{folder}"') for line in unit)
    assert any(line.endswith(f'notify --died --folder "{folder}"') for line in lines(died.text))
    assert environment.mode == 0o600 and lines(environment.text) == []
    assert "#FEDISCHED_MASTODON_TOKEN=\n#FEDISCHED_BLUESKY_PASSWORD=\n" in environment.text


def test_a_users_unit_hides_only_what_the_machine_lets_it_hide(tmp_path: Path) -> None:
    folder = content_folder(tmp_path / "posts")
    with_all, without = (service(tmp_path, folder, hides=hides).files[0] for hides in (True, False))
    assert with_all.path == tmp_path / ".config/systemd/user/fedisched-posts.service"
    assert {"PrivateUsers=yes", "ProtectSystem=strict", "NoNewPrivileges=yes"} <= set(lines(with_all.text))
    assert "#ProtectSystem=strict" in without.text and "NoNewPrivileges=yes" in lines(without.text)
    assert "User=" not in with_all.text.replace("PrivateUsers=", "") and "WantedBy=default.target" in with_all.text


def test_odd_names_stay_one_word(tmp_path: Path) -> None:
    text = service(tmp_path, content_folder(tmp_path / ODD)).files[0].text
    quoted = 'my \\"own\\" 100%% $$HOME\\\\posts"'
    (start,) = [line for line in lines(text) if line.startswith("ExecStart=")]
    assert start.endswith(f'run --folder "{tmp_path}/{quoted}')


def test_two_folders_of_one_name_have_two_units_and_one_folder_has_one(tmp_path: Path) -> None:
    first, second = (content_folder(tmp_path / name / "posts") for name in ("a", "b"))
    for new in service(tmp_path, first).files:
        assert serving._write_new(new)
    assert service(tmp_path, first).files[0].path.name == "fedisched-posts.service"
    assert service(tmp_path, second).files[0].path.name == "fedisched-posts-2.service"
    assert not any(map(serving._write_new, service(tmp_path, first).files))


def test_everything_that_git_writes_to_may_be_written(tmp_path: Path) -> None:
    bare, clone, tree = tmp_path / "posts.git", tmp_path / "posts", tmp_path / "tree"
    environ = {**os.environ, "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a", "GIT_COMMITTER_NAME": "a"}
    environ["GIT_COMMITTER_EMAIL"] = "a"
    for command in (
        f"git init -q --bare {bare}",
        f"git clone -q {bare} {clone}",
        f"git -C {clone} commit -q --allow-empty -m x",
        f"git -C {clone} worktree add -q {tree}",
    ):
        subprocess.run(command.split(), check=True, capture_output=True, env=environ)
    assert serving._writable(here(tmp_path), clone, clone) == (clone, bare)
    assert serving._writable(here(tmp_path), tree, tree) == (tree, clone / ".git", bare)


def test_root_does_not_publish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = content_folder(tmp_path / "posts")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    done = call("init", "--systemd", str(tmp_path / "new"), environ={"HOME": str(tmp_path)})
    assert done.exit_code == 1 and not (tmp_path / "new").exists()
    monkeypatch.setattr(Path, "stat", lambda *_, **__: SimpleNamespace(st_uid=0, st_mode=0o40755))
    with pytest.raises(ConfigError, match="root should not publish"):
        service(tmp_path, folder, is_root=True)


def test_init_writes_only_what_was_asked_for_into_a_folder_that_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1234)
    folder = content_folder(tmp_path / "content")
    environ = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    done = call("init", "--systemd", "--compose", str(folder), environ=environ)
    assert done.exit_code == 0, done.output
    assert {path.name for path in folder.iterdir()} == {"posts", "fedisched.toml", "compose.yaml"}
    units = tmp_path / ".config/systemd/user"
    assert {path.name for path in units.iterdir()} == {"fedisched-content.service", "fedisched-content-died.service"}
    assert "systemctl --user enable --now fedisched-content" in done.stdout and "enable-linger" in done.stdout
    secret = tmp_path / ".config/fedisched/fedisched-content.env"
    assert secret.lstat().st_mode & 0o777 == 0o600
    for path in (*units.iterdir(), folder / "compose.yaml"):
        path.write_text("mine")
    done = call("init", "--systemd", "--compose", str(folder), environ=environ)
    assert "kept  compose.yaml" in done.stdout and (folder / "compose.yaml").read_text() == "mine"
    new = tmp_path / "new"
    assert call("init", "--compose", str(new), environ=environ).exit_code == 0
    assert (new / "compose.yaml").exists() and (new / "posts/hello.md").exists()


def test_the_compose_file_is_valid_and_takes_away_what_the_daemon_does_not_need(tmp_path: Path) -> None:
    new = serving.compose(content_folder(tmp_path / "top/sub $dir/content"), tmp_path / "top")
    new.path.write_text(new.text)
    tool = Path(sys.executable).with_name("check-jsonschema")
    command: list[str | Path] = [tool, "--builtin-schema", "vendor.compose-spec", new.path]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    made = yaml.safe_load(new.text)
    (fedisched,) = made["services"].values()
    assert fedisched["user"].startswith("1234:") and fedisched["read_only"] is True
    assert fedisched["cap_drop"] == ["ALL"] and fedisched["security_opt"] == ["no-new-privileges:true"]
    assert fedisched["volumes"] == ["../..:/content", "state:/state"] and list(made["volumes"]) == ["state"]
    assert fedisched["working_dir"] == "/content/sub $$dir/content"


def test_the_compose_file_and_the_image_agree(tmp_path: Path) -> None:
    image = (ROOT / "Dockerfile").read_text()
    (made,) = yaml.safe_load(serving.compose(content_folder(tmp_path), tmp_path).text)["services"].values()
    assert made["working_dir"] == "/content" and made["volumes"][0] == ".:/content"
    assert f"CMD {str(made['healthcheck']['test'][1:]).replace(chr(39), chr(34))}" in image
    assert "USER fedisched" in image and "install -d -m 1777 /state" in image and "VOLUME /content" in image
    assert "chmod 755 /home/fedisched" in image and made["environment"]["HOME"] == "/home/fedisched"
    assert re.search(r'ENTRYPOINT \["fedisched"\]\nCMD \["run"\]', image) and made["command"] == ["run"]


@pytest.mark.system
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    for name in ("posts", ODD):
        for is_root in (True, False):
            folder = content_folder(tmp_path / str(is_root) / name)
            for new in service(tmp_path, folder, is_root=is_root).files:
                serving._write_new(new)
    units = [*tmp_path.glob("etc/systemd/system/*.service"), *tmp_path.glob(".config/systemd/user/*.service")]
    assert len(units) == 8
    for unit in units:
        whose = ["--user"] if ".config" in unit.parts else []
        command: list[str | Path] = ["systemd-analyze", *whose, "verify", unit]
        environ = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}
        try:
            checked = subprocess.run(command, capture_output=True, text=True, env=environ, check=False)
        except FileNotFoundError:
            pytest.fail("systemd-analyze is not there: install the package systemd", pytrace=False)
        assert checked.returncode == 0 and not checked.stderr.strip(), checked.stderr


def test_where_git_would_take_the_tokens_file_the_line_that_keeps_it_out_is_told(tmp_path: Path) -> None:
    folder = content_folder(tmp_path / "posts")
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    said = call("init", "--compose", str(folder)).output
    line = f"echo .env >> {folder}/.gitignore"
    assert f"git does not leave .env alone, where tokens go. Type first: {line}" in said
    subprocess.run(["sh", "-c", line], check=True)
    assert "git does not leave" not in call("init", "--compose", str(folder)).output
