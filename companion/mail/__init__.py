"""Mail to people: in the language of the page, as text, one template a kind."""
