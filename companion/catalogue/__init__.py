"""Music: tracks and who made them, their versions and stems, what is known of their sound, and finding them."""
