"""Moves production traffic between the two slots; imports boto3 and infra.outputs, never pulumi."""
