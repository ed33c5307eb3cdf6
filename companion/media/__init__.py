"""What a file is: its kind by its bytes, and what a probe in a sandboxed child process tells about it."""
