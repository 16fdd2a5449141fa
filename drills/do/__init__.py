"""What a drill does: databases, caches, buckets and AWS."""
