"""Does it: every call to AWS, every probe, and the loop that carries decisions out."""
