"""The assembled server: application, pages, static files, translations."""
