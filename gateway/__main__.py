"""``forebay``, and ``python -m gateway``: the command line.

What is imported here is there already when Python starts, and takes no time.
"""

from __future__ import annotations

import os
import sys
from _signal import SIGINT, signal  # type: ignore[import-not-found]  # `signal` takes 1 ms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType


def main() -> None:
    """Run the command line, once the packages are known to lie side by side."""
    beside = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    missing = [
        name
        for name in ("semantic_models", "dialects", "cache", "auth")
        if not os.path.isfile(os.path.join(beside, name, "__init__.py"))
    ]
    if missing:
        sys.exit(f"forebay is not installed whole: {', '.join(missing)} is missing; install again")
    signal(SIGINT, _stop)
    from gateway.cli.main import main as run

    run()


def _stop(_: int, frame: FrameType | None) -> None:
    """Ctrl-C: nobody is told of imports cut short, which compiled modules may not survive."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            os._exit(130)
        frame = frame.f_back
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
