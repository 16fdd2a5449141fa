from stacks.environment import environment

environment()
