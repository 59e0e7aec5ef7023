"""What the use cases need of the world, as Protocols named by role. Adapters keep the promises written here."""
