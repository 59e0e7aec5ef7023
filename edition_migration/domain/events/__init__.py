"""Provisioning events (CloudEvents 1.0): envelope, typed data, parsing. Import from the modules."""
