"""The command line: one file a verb; the only place that imports click or prints.

A new verb is a module with a function of its name, decorated with `verb`, and a line in `commands.SUMMARIES`.
"""


def main() -> None:
    """Run the command line."""
    from fedisched.cli.commands import command

    command(prog_name="fedisched")
