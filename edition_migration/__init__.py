"""Moves an organization's Guest Edition users to its Business Edition, one durable workflow a user."""
