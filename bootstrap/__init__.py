"""What exists once per account, before any environment: state, roles of GitHub's, image stores."""
