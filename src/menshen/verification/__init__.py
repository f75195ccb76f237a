"""From two samples to a decision that explains itself."""
