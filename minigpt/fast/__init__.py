"""The same numbers, sooner: each module could be deleted, and every test but a benchmark would pass."""
