"""What is wrong with releases, before anything is written."""
