"""The daemon: watches the folder, keeps the schedule, starts the publisher shortly before something is due."""
