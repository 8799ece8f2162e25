"""The content folder's repository: results as commits, fetched and pushed, by plain `git`. The caller's way in is
`open_repository`."""

from fedisched.git.repository import Repository, Standing, open_repository

__all__ = ["Repository", "Standing", "open_repository"]
