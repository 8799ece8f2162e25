"""What every room speaks about: posts, deliveries, outcomes, problems. No input, no output, no third-party imports."""
