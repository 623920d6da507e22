"""SIGKILL at every commit and provider boundary: the real server, worker and API, from HTTP in to outbox out."""
