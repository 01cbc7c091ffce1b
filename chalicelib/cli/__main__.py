"""`python -m chalicelib.cli`: the command `bpmn` without an installation."""

import sys

from . import main

sys.exit(main())
