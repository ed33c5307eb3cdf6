"""GraphQL over the services of the domains: what a page or program wants, in one question."""
