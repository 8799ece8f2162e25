"""An embedded Mastodon and Bluesky server, for trying fedisched out and for tests."""

from fedisched.sandbox.faults import Armed, Fault, What
from fedisched.sandbox.log import Seen
from fedisched.sandbox.rules import Rules
from fedisched.sandbox.server import PASSWORD, Sandbox
from fedisched.sandbox.store import Record, Status

__all__ = ["PASSWORD", "Armed", "Fault", "Record", "Rules", "Sandbox", "Seen", "Status", "What"]
