"""The same numbers, sooner or in less memory: read it last. Each has a plain twin; a test holds both equal."""
