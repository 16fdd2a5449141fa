"""What a rehearsal has seen: terminal, JSON, HTML."""
