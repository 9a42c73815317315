"""The work: sync, propose, deliver, listen, summarise. A job reads state and does what is due."""
