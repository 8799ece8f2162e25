"""fedisched: a private, self-hosted scheduler for Mastodon and Bluesky; posts are files and git is the queue."""

__version__ = "0.1.0"
