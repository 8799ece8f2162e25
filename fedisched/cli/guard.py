"""From everything that can end a run to its exit code; no traceback reaches a person but in a bug report."""

from __future__ import annotations

import errno
import os
import sys
import threading
from collections.abc import Callable, Sequence

import click

from fedisched.cli.exit import Exit

# What a machine can lack, and what mends it. None of these is a bug of ours.
_LACKING = {
    errno.EACCES: "Give yourself the right to it, or choose another folder.",
    errno.EPERM: "Give yourself the right to it, or choose another folder.",
    errno.EROFS: "The file system is read-only: choose another folder.",
    errno.ENOSPC: "The disk is full: make room, then try again.",
    errno.EDQUOT: "Your disk quota is used up: make room, then try again.",
    errno.EMFILE: "Too many files are open: raise the limit (`ulimit -n`), then try again.",
    errno.ENFILE: "Too many files are open on this machine: close something, then try again.",
    errno.EEXIST: "Something else is in the way: move it, then try again.",
    errno.ENOTDIR: "Something else is in the way: move it, then try again.",
    errno.ENAMETOOLONG: "Choose a shorter name.",
}


def exit_code_of(run: Callable[[], object], verbs: Sequence[str]) -> int:
    """Run a command and say what became of it."""
    _prepare_streams()
    # What ends a thread is as much a bug, and as little to be shown as it is.
    threading.excepthook = lambda ended: _report(ended.exc_value, verbs)
    try:
        code = run()
        _flush()
    except (click.Abort, KeyboardInterrupt):
        return Exit.INTERRUPTED
    except click.ClickException as error:
        return _misused(error)
    except BrokenPipeError:
        return _reader_left()
    except OSError as error:
        return _machine_lacks(error, verbs)
    except Exception as error:
        return _bug(error, verbs)
    return code if isinstance(code, int) else Exit.DONE


def _prepare_streams() -> None:
    """A character that the locale cannot say is shown by its number instead of ending the program."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(errors="backslashreplace")


def _misused(error: click.ClickException) -> int:
    from fedisched.cli.say import Voice
    from fedisched.cli.words import bad

    voice = Voice()
    if isinstance(error, click.UsageError) and error.ctx:
        voice.complain(error.ctx.get_usage())
        voice.complain(f"`{error.ctx.command_path} --help` has examples.")
        voice.complain()
    first, *more = error.format_message().splitlines() or [""]
    voice.complain(bad("error: "), first)
    for line in more:
        voice.complain(line)
    return error.exit_code


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and not stream.closed:
            stream.flush()


def _reader_left() -> int:
    """The reader of our output has gone, as `head` does: nobody is left to tell. Python would flush once more at its
    end and complain, so what is still buffered goes to the null device."""
    null = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and not stream.closed:
            os.dup2(null, stream.fileno())
    os.close(null)
    return Exit.NEEDS_YOU


def _machine_lacks(error: OSError, verbs: Sequence[str]) -> int:
    hint = _LACKING.get(error.errno or 0)
    if hint is None:
        return _bug(error, verbs)
    from fedisched.cli.say import Voice
    from fedisched.cli.words import bad

    what = f"{error.filename}: " if error.filename else ""
    Voice().complain(bad("error: "), f"{what}{error.strerror}. {hint}")
    # What could not be written to a full disk would only fail once more at the end.
    return _reader_left() if error.filename is None else Exit.NEEDS_YOU


def _bug(error: Exception, verbs: Sequence[str]) -> int:
    _report(error, verbs)
    return Exit.BUG


def _report(error: BaseException | None, verbs: Sequence[str]) -> None:
    from fedisched.cli.crash import report

    if sys.stderr is not None and error is not None:
        sys.stderr.write(report(error, sys.argv[1:], verbs, os.environ) + "\n")
