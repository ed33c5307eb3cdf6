"""The same answer by other means, to compare with. Each is run by itself, as a program of its own."""
