"""What happened, told at once to the pages that are open."""
