"""The configuration of a content folder, and where its state is kept. Importing this imports nothing heavy."""

from fedisched.config.durations import seconds
from fedisched.config.folder import config_file, find_folder
from fedisched.config.load import load_settings, load_settings_aside
from fedisched.config.state import make_state_folder, state_folder

__all__ = [
    "config_file",
    "find_folder",
    "load_settings",
    "load_settings_aside",
    "make_state_folder",
    "seconds",
    "state_folder",
]
