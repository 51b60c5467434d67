"""Speed beside the code that people would use instead: `make bench` runs all of it and writes RESULTS-KIND.md."""
