"""What a release means: frozen values, the reference that decides, and the words for both. No target is named here."""
