"""What a user has a box do and be: remote commands with their answers, and the box's configuration."""
