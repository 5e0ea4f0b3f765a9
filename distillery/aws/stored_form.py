"""The number of the form that the table's items and the bucket's keys have.

Raise it with every change of what is stored, and say in docs/migrations.md what follows from it.
"""

from __future__ import annotations

STORED_FORM = 4
