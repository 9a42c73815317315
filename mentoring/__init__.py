"""The rules of mentoring: values in, values out; no clock, network, disk or database."""
