"""Cases that others wrote, asked through the real loader, pipeline and engine."""
