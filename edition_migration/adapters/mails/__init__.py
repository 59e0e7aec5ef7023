"""What our mails say and how they look on the wire; used by bootstrap and the SMTP adapter."""
