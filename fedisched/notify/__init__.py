"""Ways to tell a person: a command of theirs, or whatever Apprise reaches. Each in a process of its own, for a bounded
time, without fedisched's own secrets in its environment."""
