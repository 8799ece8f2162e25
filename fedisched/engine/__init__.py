"""Decide, then do: the schedule, the journal, the rules of a delivery and the plan. Sees ports only."""
