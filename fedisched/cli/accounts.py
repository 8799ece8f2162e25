"""`fedisched accounts`: where each account's credential is, and whether it works."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from fedisched.cli.exit import Exit
from fedisched.cli.here import Here
from fedisched.cli.verb import json_option, verb
from fedisched.cli.words import Words, bad, clean_line, clip, columns, doubtful, faint, good, pad, strong
from fedisched.model.command import typed
from fedisched.publisher.roster import Standing, roster

_WIDEST = 40


@verb
@click.option("--verify", is_flag=True, help="Ask each server whether it takes the credential.")
@json_option
def accounts(here: Here, verify: bool, as_json: bool) -> Exit:
    """Show each account, its credential, and whether it works.

    A credential is in the vault (fedisched login), in the environment, which wins, or missing. Ends with 1 if one is
    missing or does not work.

    Examples:
    fedisched accounts
    fedisched accounts --verify
    fedisched accounts --json
    """
    standings = roster(here.settings, here.state, here.environ, here.clock, here.voice.complain, verify=verify)
    if verify:
        from fedisched.daemon.wake import wake

        wake(here.state)
    if as_json:
        here.voice.json([_plain(standing) for standing in standings])
    else:
        _table(here, standings)
    return Exit.DONE if all(standing.is_well for standing in standings) else Exit.NEEDS_YOU


def _plain(standing: Standing) -> dict[str, Any]:
    return {
        "name": standing.name,
        "network": standing.network,
        "server": standing.server,
        "handle": standing.handle,
        "credentials": standing.credentials,
        "verified": standing.verified,
        "paused": standing.paused,
        "error": standing.error,
    }


def _table(here: Here, standings: Sequence[Standing]) -> None:
    if not standings:
        here.voice.remark(f"There is no account yet: add one to {here.settings.source.name}.")
        return
    rows = [_cells(standing) for standing in standings]
    head = ("account", "handle", "server", "credential")
    widths = [min(_WIDEST, max(columns(row[n]) for row in [head, *rows])) for n in range(len(head))]
    here.voice.remark(faint("  ".join(pad(word, width) for word, width in zip(head, widths, strict=True))))
    for standing, row in zip(standings, rows, strict=True):
        name, *others = (pad(clip(cell, width), width) for cell, width in zip(row, widths, strict=True))
        here.voice.result(strong(name), "  ", "  ".join(others), "  ", _state(standing))
    for standing in standings:
        for line in _what_to_do(standing):
            here.voice.remark(*line)


def _cells(standing: Standing) -> tuple[str, str, str, str]:
    handle = f"@{standing.handle}" if standing.handle else "-"
    cells = (standing.name, handle, standing.server, standing.credentials)
    name, handle, server, place = (clean_line(cell) for cell in cells)
    return name, handle, server, place


def _state(standing: Standing) -> Words:
    if standing.credentials == "missing":
        return bad("not logged in")
    if standing.paused or standing.verified is False:
        return bad("paused")
    if standing.error:
        return doubtful("not reached")
    return good("verified") if standing.verified else faint("not verified yet")


def _what_to_do(standing: Standing) -> list[Sequence[Words]]:
    if standing.credentials == "missing":
        return [(strong(standing.name), f": {typed('login', standing.name)}")]
    return [(strong(standing.name), f": {standing.error}")] if standing.error else []
