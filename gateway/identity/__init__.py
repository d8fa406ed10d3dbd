"""Who asks: from credentials to a principal."""
