"""What the workflows run where no tool that is there already would do; see docs/pipeline.md."""
