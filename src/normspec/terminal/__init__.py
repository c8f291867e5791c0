"""What people see in a terminal: the progress bar, the table of verdicts, the failures, the last line."""
