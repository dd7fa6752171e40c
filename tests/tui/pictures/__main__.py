"""Makes the screenshots: `python -m tests.tui.pictures FOLDER`."""

import sys
from pathlib import Path

from tests.tui.pictures.screenshots import write_screenshots

write_screenshots(Path(sys.argv[1]))
