"""What a box holds ready: playlists and set lists that were sent to it, and single tracks."""
