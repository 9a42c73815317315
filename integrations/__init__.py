"""The outside world: one file a provider, behind the ports in `ports.py`, imported only when named."""
