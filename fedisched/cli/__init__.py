"""The command line: one file a verb; the only place that imports click or prints."""


def main() -> None:
    """Run the command line."""
