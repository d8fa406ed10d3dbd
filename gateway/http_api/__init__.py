"""The HTTP front end: questions in, answers out in the format asked for."""
