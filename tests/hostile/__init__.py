"""What strangers and broken programs may send: every parser of ours, every sink, every link."""
