"""What every verb shares: its common options, its help with examples at the end, and the place it works in."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import click

from fedisched.cli.exit import Exit

HELP = {"help_option_names": ["-h", "--help"]}

json_option = click.option("--json", "as_json", is_flag=True, help="Answer in JSON on standard output.")


def common_options() -> list[click.Parameter]:
    """`-C`, `-v` and `-q`, which stand before or after the verb."""
    folder = click.Option(
        ["-C", "--folder"],
        metavar="DIR",
        type=click.Path(exists=True, file_okay=False),
        help="The content folder; default: the nearest one from here upwards.",
    )
    verbose = click.Option(["-v", "--verbose"], count=True, help="Say more.")
    quiet = click.Option(["-q", "--quiet"], is_flag=True, help="Say only what was asked for.")
    return [folder, verbose, quiet]


class Verb(click.Command):
    """A command with the common options. Its docstring ends with an `Examples:` paragraph, shown as it is typed."""

    def __init__(self, name: str | None, **attributes: Any) -> None:
        text, _, examples = inspect.cleandoc(attributes.get("help") or "").partition("\nExamples:\n")
        attributes["help"] = text
        attributes.setdefault("context_settings", HELP)
        super().__init__(name, **attributes)
        self.params.extend(common_options())
        self.examples = inspect.cleandoc(examples).splitlines()

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Examples"):
            for line in self.examples:
                formatter.write(f"  {line}\n")

    def invoke(self, ctx: click.Context) -> Any:
        """Make the place to work in out of the common options, and hand it to the verb as its object."""
        from fedisched.cli.here import Here, Surroundings
        from fedisched.cli.say import Voice
        from fedisched.model.errors import FedischedError

        own = {name: ctx.params.pop(name) for name in ("folder", "verbose", "quiet")}
        before = ctx.parent.params if ctx.parent else {}
        quiet = own["quiet"] or before.get("quiet", False)
        verbosity = -1 if quiet else own["verbose"] + before.get("verbose", 0)
        surroundings = ctx.obj if isinstance(ctx.obj, Surroundings) else Surroundings()
        as_json = bool(ctx.params.get("as_json")) or ctx.params.get("style") == "json"
        voice = Voice(verbosity, as_json, surroundings.environ)
        ctx.obj = Here(own["folder"] or before.get("folder"), voice, surroundings)
        try:
            return super().invoke(ctx)
        except FedischedError as error:
            from fedisched.cli.problems import explain

            explain(ctx.obj, error)
            return Exit.NEEDS_YOU


def verb(function: Callable[..., Exit]) -> Verb:
    """Make a verb of a function that takes `Here` and its own parameters, and returns its exit code."""
    return click.command(cls=Verb)(click.pass_obj(function))
