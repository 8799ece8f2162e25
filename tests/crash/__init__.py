"""The crash suite: whole evenings of posts in which everything breaks that can break.

`python -m tests.crash` is its long form: lives in this process, with time, threads, wire and power under a seed.
"""
