"""The same numbers, sooner or in less memory: read it last. Each module has a plain twin; a test holds them equal."""
