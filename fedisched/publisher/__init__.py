"""The one way of publishing: prepares ahead, sends to the moment, records; one worker an account."""
