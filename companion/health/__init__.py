"""Whether all is well: for load balancers, for Prometheus, and over the last 30 days."""
