"""Projects as documents of other formats."""
