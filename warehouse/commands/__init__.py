"""The subcommands of `qhawaq`, a module each; the only place that may call `ml`."""
