"""Credentials: where they come from, where they belong, and the sessions they open. Imports nothing heavy."""

from fedisched.vault.binding import bind, bound_server
from fedisched.vault.environment import credential
from fedisched.vault.sessions import SessionStore

__all__ = ["SessionStore", "bind", "bound_server", "credential"]
