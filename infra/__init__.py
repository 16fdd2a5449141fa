"""What is provisioned: one component per file; imports pulumi, never boto3."""
