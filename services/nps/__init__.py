"""The NPS family: recommendation, statements, enablement, response rate and direct feedback."""
