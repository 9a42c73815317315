"""The pages: signed links open them, buttons act."""
