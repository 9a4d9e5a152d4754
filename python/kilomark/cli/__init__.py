"""The `kilomark` command: one file per subcommand."""
