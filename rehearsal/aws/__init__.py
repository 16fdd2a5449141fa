"""AWS as far as traffic goes: moto, and what ECS, autoscaling and CloudWatch do around it."""
