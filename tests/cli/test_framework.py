"""The command line itself: options, help, exit codes, errors, streams, and what it imports."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import click
import pytest

from fedisched import __version__
from fedisched.cli.commands import SUMMARIES, command
from fedisched.cli.crash import report
from fedisched.cli.exit import Exit
from fedisched.cli.guard import exit_code_of
from fedisched.cli.params import DURATION
from fedisched.model.errors import AlreadyRunning
from tests.cli.support import ROOT, call, content_folder, start


def modules_after(*arguments: str, cwd: Path) -> set[str]:
    """The modules that a run of the command line has imported by its end."""
    script = (
        "import sys\nfrom fedisched.cli.commands import command\n"
        f"try:\n    command({list(arguments)!r})\n"
        "except SystemExit:\n    sys.stderr.write('\\n'.join(sys.modules))\n"
    )
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", script], cwd=cwd, env=environ, capture_output=True, check=True)
    return set(done.stderr.decode().split("\n"))


def on_a_terminal(*arguments: str, cwd: Path, environ: dict[str, str] | None = None) -> bytes:
    """What a run writes to a terminal, both streams together."""
    ours, theirs = pty.openpty()
    try:
        start(
            *arguments,
            cwd=cwd,
            environ={"TERM": "xterm", **(environ or {})},
            capture_output=False,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
    finally:
        os.close(theirs)
    written = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:
            break
        if not piece:
            break
        written += piece
    os.close(ours)
    return written


def test_the_version_is_told_and_nothing_but_click_is_imported_for_it(tmp_path: Path) -> None:
    assert start("--version", cwd=tmp_path).stdout.decode() == f"fedisched {__version__}\n"
    extra = modules_after("--version", cwd=tmp_path)
    ours = {name for name in extra if name.startswith("fedisched")}
    assert not extra & {"yaml", "pydantic", "regex", "tomllib", "json", "sqlite3", "pendulum", "asyncio"}
    assert not {
        name for name in ours if name.startswith(("fedisched.config", "fedisched.content", "fedisched.cli.here"))
    }


def test_the_list_of_verbs_imports_no_verb(tmp_path: Path) -> None:
    loaded = modules_after("--help", cwd=tmp_path)
    assert not {f"fedisched.cli.{name}" for name in SUMMARIES} & loaded


def test_without_a_verb_it_shows_its_help() -> None:
    done = call()
    assert (done.exit_code, done.stdout) == (0, call("--help").stdout)


@pytest.mark.parametrize("name", SUMMARIES)
def test_each_verb_has_its_summary_examples_and_the_common_options(name: str) -> None:
    with command.make_context("fedisched", ["--help"], resilient_parsing=True) as context:
        verb = command.get_command(context, name)
    assert verb is not None and verb.help is not None
    assert verb.help.startswith(f"{SUMMARIES[name]}\n")
    said = call(name, "-h").output
    assert said == call(name, "--help").output
    assert said.index("-C, --folder DIR") < said.index(f"Examples:\n  fedisched {name}")
    assert {"-v", "-q"} <= {option for parameter in verb.params for option in parameter.opts}


def test_a_misspelt_verb_is_a_usage_error_with_a_suggestion() -> None:
    done = call("chek")
    assert done.exit_code == Exit.USAGE
    assert "Did you mean `check`?" in done.stderr


def test_an_unknown_option_is_a_usage_error() -> None:
    assert call("init", "--nope").exit_code == Exit.USAGE


def test_outside_a_content_folder_it_says_where_to_go(tmp_path: Path) -> None:
    done = start("check", cwd=tmp_path)
    assert done.returncode == Exit.NEEDS_YOU
    assert b"fedisched init" in done.stderr


def test_a_broken_configuration_is_told_with_every_place(tmp_path: Path) -> None:
    folder = content_folder(tmp_path, 'timezone = "Europe/Berln"\npost = "x"\n')
    done = call("new", "x", "-C", str(folder))
    assert done.exit_code == Exit.NEEDS_YOU
    assert "fedisched.toml:1:12: error: there is no timezone" in done.stderr
    assert "fedisched.toml:2:1: error: there is no key `post`" in done.stderr


def test_on_a_terminal_a_problem_comes_with_its_line_and_a_caret(tmp_path: Path) -> None:
    folder = content_folder(tmp_path, 'timezone = "Europe/Berln"\n')
    shown = on_a_terminal("new", "x", cwd=folder, environ={"NO_COLOR": "1"}).decode().replace("\r", "")
    assert '    1 │ timezone = "Europe/Berln"\n      │            ^\n' in shown


def test_colours_are_for_terminals_and_no_color_is_heeded(tmp_path: Path) -> None:
    folder = content_folder(tmp_path, 'timezone = "Europe/Berln"\n')
    assert b"\x1b[" in on_a_terminal("new", "x", cwd=folder)
    assert b"\x1b[" not in on_a_terminal("new", "x", cwd=folder, environ={"NO_COLOR": "1"})
    assert b"\x1b[" not in start("new", "x", cwd=folder).stderr


def test_options_may_stand_before_the_verb(tmp_path: Path) -> None:
    folder = content_folder(tmp_path / "a")
    done = start("-C", str(folder), "new", "x", cwd=tmp_path)
    assert (done.returncode, len(list((folder / "posts").iterdir()))) == (0, 1)


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (KeyboardInterrupt(), Exit.INTERRUPTED),
        (RuntimeError("oh"), Exit.BUG),
        (OSError(28, "No space left on device", "/x"), Exit.NEEDS_YOU),
        (OSError(5, "Input/output error"), Exit.BUG),
    ],
)
def test_what_ends_a_run_becomes_an_exit_code(
    raised: BaseException, code: Exit, capsys: pytest.CaptureFixture[str]
) -> None:
    def run() -> object:
        raise raised

    assert exit_code_of(run, []) == code


def test_a_verbs_own_exit_code_is_kept() -> None:
    assert exit_code_of(lambda: Exit.TRY_LATER, []) == 75
    assert exit_code_of(lambda: None, []) == 0


def test_a_bug_report_has_what_we_need_and_nothing_private() -> None:
    environ = {"FEDISCHED_MASTODON_TOKEN": "s3cr3t-token", "GITHUB_TOKEN": "ghs_abc", "LANG": "C"}
    try:
        raise ValueError("the server said s3cr3t-token and ghs_abc")
    except ValueError as error:
        text = report(error, ["new", "my private text", "--at", "tomorrow", "--to=x", "-C/home/me"], ["new"], environ)
    assert f"fedisched {__version__}, Python 3" in text
    assert "command: fedisched new … --at … --to -C\n" in text
    assert "ValueError: the server said [FEDISCHED_MASTODON_TOKEN] and [GITHUB_TOKEN]" in text
    assert "test_framework.py" in text
    for private in ("s3cr3t", "ghs_abc", "private text", "/home/me", str(Path.home()) + "/"):
        assert private not in text


def test_an_error_of_ours_is_a_message_with_its_hint(tmp_path: Path) -> None:
    assert str(AlreadyRunning("it runs already", "Stop it first.")) == "it runs already. Stop it first."
    state = tmp_path / "state"
    state.write_text("a file in the way")
    folder = content_folder(tmp_path / "content")
    done = start("new", "x", cwd=folder, environ={"FEDISCHED_STATE": str(state)})
    assert done.returncode == 0, "a cache that cannot be kept stops nothing"


def test_closed_streams_end_nothing(tmp_path: Path) -> None:
    folder = content_folder(tmp_path)
    closed = f"exec '{sys.executable}' -m fedisched new x >&- 2>&-"
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(["/bin/sh", "-c", closed], cwd=folder, env=environ, check=False, timeout=60)
    assert (done.returncode, len(list((folder / "posts").iterdir()))) == (0, 1)


def test_a_reader_that_leaves_is_no_reason_to_complain(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = start("--help", cwd=tmp_path, capture_output=False, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert done.stderr == b""


def test_a_full_disk_behind_the_output_is_said(tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = start("init", "x", cwd=tmp_path, capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == Exit.NEEDS_YOU
    assert b"disk is full" in done.stderr and b"Traceback" not in done.stderr


def test_a_locale_that_is_not_utf8_shows_what_it_cannot_say_by_number(tmp_path: Path) -> None:
    environ = {"PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"}
    done = start("init", "ü€", cwd=tmp_path, environ=environ)
    assert done.returncode == 0
    assert b"\xfc\\u20ac" in done.stdout


def test_ctrl_c_ends_with_130(tmp_path: Path) -> None:
    folder = content_folder(tmp_path)
    done = start("new", "kept", "--edit", cwd=folder, environ={"EDITOR": "sh -c 'kill -INT $PPID'"})
    assert done.returncode == Exit.INTERRUPTED
    assert b"Traceback" not in done.stderr
    assert len(list((folder / "posts").iterdir())) == 1


def test_a_duration_is_read_or_refused_with_examples() -> None:
    assert DURATION.convert("1h30m", None, None) == 5400.0
    with pytest.raises(click.BadParameter, match="`90s`"):
        DURATION.convert("soon", None, None)
