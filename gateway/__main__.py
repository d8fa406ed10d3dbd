"""``python -m gateway``: the command line."""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> None:
    """Run the command line, once the packages are known to lie side by side."""
    beside = Path(__file__).resolve().parent.parent
    missing = [
        name
        for name in ("semantic_models", "dialects", "cache", "auth")
        if not (beside / name / "__init__.py").is_file()
    ]
    if missing:
        sys.exit(f"forebay is not installed whole: {', '.join(missing)} is missing; install again")
    from gateway.cli.main import main as run

    run()


if __name__ == "__main__":
    main()
