"""Live events: a WebSocket for each page that is open."""
