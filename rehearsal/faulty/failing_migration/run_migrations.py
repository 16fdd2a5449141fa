"""A migration that the database refuses, verified or not."""

raise SystemExit("the migration of this release fails: the column is there already")
