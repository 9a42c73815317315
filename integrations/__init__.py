"""The outside world: one file a provider, behind `ports.py`, imported only when named."""
