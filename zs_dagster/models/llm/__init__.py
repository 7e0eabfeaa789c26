"""Language models that answer a text with a text: behind a server, or in this process."""
