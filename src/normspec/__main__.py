"""`python -m normspec` is the command `normspec`."""

import sys

from normspec.command import main

if __name__ == "__main__":
    sys.exit(main())
