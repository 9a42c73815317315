"""Where a state becomes a row: SQLAlchemy tables, Alembic migrations and one repository."""
