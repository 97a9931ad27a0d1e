"""Public through `aebook.applications`."""
