"""Other formats of semantic models -> files of ours, and what they cannot say."""
