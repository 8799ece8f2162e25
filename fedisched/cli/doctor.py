"""`fedisched doctor`: looks at everything that publishing needs, and says what to do about what is not right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from fedisched.cli.exit import Exit
from fedisched.cli.here import Here
from fedisched.cli.verb import json_option, verb
from fedisched.cli.words import Words, bad, clean_line, doubtful, faint, good, pad, plural, strong

if TYPE_CHECKING:
    from fedisched.cli.diagnosis.case import Case, Check, Diagnosis

_WORDS = {"ok": good("ok      "), "warning": doubtful("look    "), "error": bad("mend    ")}
_WIDTH = 17


@verb
@click.option("--offline", is_flag=True, help="Ask no server and no remote.")
@json_option
def doctor(here: Here, offline: bool, as_json: bool) -> Exit:
    """Look at everything that publishing needs, and say what to mend.

    Nothing is changed, and no credential is sent anywhere. Ends with 1 if something needs you.

    Examples:
    fedisched doctor
    fedisched doctor --offline
    fedisched doctor --json
    """
    from fedisched.cli.diagnosis.case import Case

    found = []
    for diagnosis in _diagnoses(Case(here, offline)):
        found.append(diagnosis)
        if not as_json:
            _show(here, diagnosis)
    if as_json:
        here.voice.json([_row(each) for each in found])
    else:
        _sum_up(here, found)
    return Exit.DONE if all(each.ok for each in found) else Exit.NEEDS_YOU


def _diagnoses(case: Case) -> Iterator[Diagnosis]:
    from fedisched.cli.diagnosis.repository import ask_remote
    from fedisched.cli.diagnosis.servers import ask_servers

    # These take others' time, so they are under way while everything else is looked at.
    ask_servers(case)
    ask_remote(case)
    for check in _checks():
        yield from _safely(check, case)


def _checks() -> Sequence[Check]:
    from fedisched.cli.diagnosis import configuration, credentials, folders, machine, repository, running, servers

    return (
        machine.python,
        configuration.configuration,
        configuration.time_zone,
        folders.posts_folder,
        folders.state_folder,
        folders.sqlite,
        machine.room,
        machine.open_files,
        machine.watches,
        running.daemon,
        running.telling,
        running.posts,
        repository.git,
        running.workflow,
        credentials.key,
        credentials.credentials,
        credentials.accounts,
        repository.remote,
        servers.servers,
        servers.clock,
    )


def _safely(check: Check, case: Case) -> Iterator[Diagnosis]:
    """What a check finds. One that meets what it did not expect keeps the others from nothing."""
    from fedisched.cli.diagnosis.case import wrong
    from fedisched.model.errors import FedischedError

    name = check.__name__.replace("_", " ")
    try:
        yield from check(case)
    except FedischedError as error:
        yield wrong(name, error.message, error.hint)
    except OSError as error:
        what = f"{error.filename}: " if error.filename else ""
        yield wrong(name, f"{what}{error.strerror or error}", "Mend what it names, then look again.")


def _show(here: Here, diagnosis: Diagnosis) -> None:
    line: list[Words] = [_WORDS[diagnosis.severity], pad(diagnosis.check, _WIDTH), diagnosis.message]
    if diagnosis.severity == "ok":
        here.voice.remark(*line)
        return
    here.voice.result(*line)
    if diagnosis.hint:
        here.voice.result(" " * 8, faint(pad("", _WIDTH)), strong("→ "), diagnosis.hint)


def _sum_up(here: Here, found: Sequence[Diagnosis]) -> None:
    errors = sum(each.severity == "error" for each in found)
    warnings = sum(each.severity == "warning" for each in found)
    here.voice.remark()
    if errors:
        rest = f", and {plural(warnings, 'thing')} to look at" if warnings else ""
        verb_form = "needs" if errors == 1 else "need"
        here.voice.result(
            bad(f"{plural(errors, 'thing')} {verb_form} you"), f"{rest}: what to do stands behind each →."
        )
    elif warnings:
        here.voice.result(doubtful(f"{plural(warnings, 'thing')} to look at"), "; nothing has to be mended.")
    else:
        here.voice.result(good("Everything is well."))


def _row(diagnosis: Diagnosis) -> dict[str, object]:
    return {
        "check": diagnosis.check,
        "ok": diagnosis.ok,
        "message": clean_line(diagnosis.message),
        "hint": clean_line(diagnosis.hint),
        "severity": diagnosis.severity,
    }
