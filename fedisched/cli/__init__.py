"""The command line: one file a verb; the only place that imports click or prints.

A new verb is a module with a function of its name, decorated with `verb`, and a line in `commands.SUMMARIES`.
"""


def main() -> None:
    """Run the command line."""
    import gc

    # A start makes many objects and hardly any garbage; looking for it after every 700 costs a verb 7 % of its time.
    gc.set_threshold(50_000, 20, 20)

    from fedisched.cli.commands import command

    command(prog_name="fedisched")
