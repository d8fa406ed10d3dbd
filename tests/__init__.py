"""What forebay promises, checked."""
