"""What a box and its companion say to each other: topics, messages, and the rules by which each takes effect once."""
