"""Runs a module as its child, as `ebtop demo` does with the screen."""

import subprocess
import sys

if __name__ == "__main__":
    sys.exit(subprocess.call([sys.executable, "-m", *sys.argv[1:]]))
