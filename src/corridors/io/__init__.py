"""Other people's formats: routes, networks and tables in and out."""
