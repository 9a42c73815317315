"""The work: sync, propose, deliver, listen, remind, summarise. Each job reads state and does what is due."""
