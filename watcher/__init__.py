"""Sees that a cutover is not forgotten: a function in AWS that looks at the lease from outside."""
