"""What a drill concludes: pure, without input, output or clock."""
