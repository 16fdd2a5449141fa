"""AWS Security Hub's controls as rules over what a program asks for; imports no pulumi."""
