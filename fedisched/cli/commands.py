"""The command `fedisched` itself: it knows the verbs by name, and imports the one that is called."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from fedisched import __version__
from fedisched.cli.verb import HELP, Verb, common_options

# In the order in which a newcomer meets them. The summary stands here too, so that the list of verbs can be shown
# without importing them; a test holds it against the verb's own first sentence.
SUMMARIES = {
    "demo": "Try it out: real posts, the real daemon, a server of its own.",
    "init": "Make a content folder: configuration, a first draft, a workflow.",
    "login": "Let fedisched publish for an account.",
    "logout": "End and forget an account's credential.",
    "accounts": "Show each account, its credential, and whether it works.",
    "new": "Write a post's file.",
    "check": "Show every problem of every post.",
    "render": "Show exactly what each target would get.",
    "queue": "Show what is due when and where.",
    "publish": "Publish what is due, then end.",
    "run": "Watch the folder and publish on time.",
    "health": "Say whether the daemon lives, works, and what is next.",
    "notify": "Tell you what needs you, by command, ntfy, e-mail, …",
    "resolve": "Decide about a held post: it is there, it is not, or let it be.",
    "retry": "Try again what failed: sets `status: scheduled` in the file.",
    "doctor": "Look at everything that publishing needs, and say what to mend.",
    "key": "Make the key that opens the vault, or replace it by another.",
}

# Called by git, not by people.
HIDDEN = {"merge-driver": "merge_driver", "receive": "receive"}


class Verbs(click.Group):
    """Loads a verb when it is called, and turns everything that can happen into an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(SUMMARIES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> Verb | None:
        if cmd_name not in SUMMARIES and cmd_name not in HIDDEN:
            return None
        name = HIDDEN.get(cmd_name, cmd_name)
        found: Verb = getattr(import_module(f"fedisched.cli.{name}"), name)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in SUMMARIES and args[0] not in HIDDEN and not args[0].startswith("-"):
            from difflib import get_close_matches

            close = get_close_matches(args[0], list(SUMMARIES), n=1)
            hint = f"Did you mean `{close[0]}`?" if close else "`fedisched --help` lists them."
            ctx.fail(f"There is no command `{args[0]}`. {hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(SUMMARIES.items()))

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        def run() -> object:
            return super(Verbs, self).main(args, prog_name, complete_var, standalone_mode=False, **extra)

        if not standalone_mode:
            return run()
        from fedisched.cli.guard import exit_code_of

        sys.exit(exit_code_of(run, list(SUMMARIES)))


@click.group(cls=Verbs, context_settings=HELP, params=common_options(), invoke_without_command=True)
@click.version_option(__version__, prog_name="fedisched", message="%(prog)s %(version)s")
@click.pass_context
def command(ctx: click.Context, /, **_before_the_verb: object) -> None:
    """Publish Markdown files to Mastodon and Bluesky, on time, from git.

    `fedisched COMMAND --help` has examples.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
