"""Decide, then do: the schedule, the journal, the rules of a delivery and the plan. Sees ports only."""

JOURNAL_FILE = "journal.sqlite3"
"""The journal's name in the state folder."""
