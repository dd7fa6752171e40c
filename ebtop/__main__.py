"""`python -m ebtop`."""

import sys

from ebtop.cli import main

sys.exit(main())
