"""``python -m voicenb``: the shell."""

import sys

from voicenb.cli import main

if __name__ == "__main__":
    sys.exit(main())
