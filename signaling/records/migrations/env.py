"""Alembic's entry: the connection, and its transaction, come from ``signaling.records.database``."""

from alembic import context

from signaling.records.tables import Base

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Base.metadata, render_as_batch=True
)
context.run_migrations()
