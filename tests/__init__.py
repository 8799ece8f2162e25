"""The tests, and the programs beside them that take longer. Processes that any of them starts run this checkout,
installed or not."""

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent

os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH")]))
