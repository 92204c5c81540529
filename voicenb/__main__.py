"""``python -m voicenb``: the shell."""

import sys

from voicenb.shell.main import main

if __name__ == "__main__":
    sys.exit(main())
