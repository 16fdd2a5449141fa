"""The guardrails as a Pulumi policy pack: `pulumi preview --policy-pack policy`."""
