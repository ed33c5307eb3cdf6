"""Sets that boxes played: what was in them, when, and their recordings; and the history of what was played."""
