"""Backups: the database and its keys sealed in one file, the music beside it, and the way back."""
