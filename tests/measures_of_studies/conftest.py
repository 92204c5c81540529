"""What the tests of this folder share is found on the path, as that of the other folders is by pyproject.toml."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
