"""What has to be looked at from outside, in AWS: a forgotten cutover, an overdue refresh."""
