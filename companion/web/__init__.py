"""What every request passes: who asks, how often, by which rule; and how every answer looks."""
