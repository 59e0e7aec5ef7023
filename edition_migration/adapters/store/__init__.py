"""The store on SQLite or PostgreSQL by SQLAlchemy Core, one transaction a unit of work. The project's SQL is here."""
