"""Spring Cloud Gateway: one application file with the routes of all releases."""
