"""Other languages' models to native projects."""
