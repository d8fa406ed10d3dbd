"""The server: protocols, engines, sessions and configuration."""
