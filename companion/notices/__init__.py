"""Notices: what somebody should know, in the page, and by mail where they want that."""
