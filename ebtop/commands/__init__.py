"""The subcommands, one module each; ebtop/cli.py parses and dispatches."""
