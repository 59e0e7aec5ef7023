"""The ports' technologies: database, templates, SMTP. Only `bootstrap` imports them."""
