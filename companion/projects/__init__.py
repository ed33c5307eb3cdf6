"""Projects: music on its way, and the people who work on it together."""
