"""Files on their way in: resumable, in quarantine until a probe has looked at them, and kept afterwards."""
