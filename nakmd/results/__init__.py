"""What a finished run measured, and the rows of its table."""
