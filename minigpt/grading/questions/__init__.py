"""The questions of each chapter, one module a chapter: references and known mistakes. No jail ever sees them."""
