"""Playlists and sets as documents that browsers, boxes and programs edit at the same time."""
