"""The subcommands of `normspec`, one file each."""
