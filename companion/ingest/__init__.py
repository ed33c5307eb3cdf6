"""What boxes send: each message has its effect once and in order, in one transaction with the note that it had it."""
