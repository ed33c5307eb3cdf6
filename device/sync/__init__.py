"""The box's side of the sync: what happens here reaches the companion, and the other way round, each effect once."""
