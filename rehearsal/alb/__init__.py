"""HAProxy in the place of the load balancer."""
