"""Credentials: where they come from, where they belong, and the sessions they open. Imports nothing heavy."""

from fedisched.vault.binding import bind, bound_server
from fedisched.vault.environment import credential
from fedisched.vault.key import key_file, make_key_file
from fedisched.vault.sessions import SessionStore
from fedisched.vault.vault import Vault

__all__ = ["SessionStore", "Vault", "bind", "bound_server", "credential", "key_file", "make_key_file"]
