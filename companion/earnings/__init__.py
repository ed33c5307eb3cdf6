"""What an artist earned: entries that are never edited, their sums, and the cards on a box's screen."""
