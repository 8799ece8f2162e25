"""Several publishers of one repository, killed at random: nothing goes out twice, and no result is lost."""
