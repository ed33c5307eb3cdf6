"""People: signing up and in, sessions and tokens, proof of who they are."""
