"""From a governed plan to the SQL text of one engine."""
