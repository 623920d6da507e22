"""The HTTP API: webhooks in, reads and actions for agents, pages for people. `app.create_app` puts it together."""
