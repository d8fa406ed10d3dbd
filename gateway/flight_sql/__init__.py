"""Arrow Flight SQL: commands in, the models' columns as tables, and answers as Arrow batches."""
