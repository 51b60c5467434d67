"""Where texts come from: the toy world, real data sets, people's own files."""
