"""What a process tells of itself: `metrics` for Prometheus, `tracing` for OpenTelemetry. No personal data in either."""
