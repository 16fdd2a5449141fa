"""What an environment costs a month, computed from its plan. Imports nothing else of ours."""
