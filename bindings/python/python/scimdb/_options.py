"""The keywords that methods take, for type checkers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict


class ReadOptions(TypedDict, total=False):
    """Of `get`. What is not given, or None, is as if it were not there."""

    attributes: Sequence[str] | None
    excluded_attributes: Sequence[str] | None
    if_none_match: str | None
    base: str | None


class BulkOptions(TypedDict, total=False):
    """Of `bulk`."""

    # Who writes, for the change log.
    actor: str | None
    base: str | None


class DeleteOptions(TypedDict, total=False):
    """Of `delete`."""

    if_match: str | None
    if_none_match: str | None
    actor: str | None


class WriteOptions(DeleteOptions, total=False):
    """Of `replace` and `patch`."""

    attributes: Sequence[str] | None
    excluded_attributes: Sequence[str] | None
    base: str | None


class CreateOptions(WriteOptions, total=False):
    """Of `create`."""

    # The id of the resource; made by the store unless given.
    id: str | None


class Query(TypedDict, total=False):
    """The members of a SearchRequest (RFC 7644 section 3.4.3, RFC 9865)."""

    filter: str | None
    sort_by: str | None
    sort_order: str | None
    start_index: int | None
    count: int | None
    cursor: str | None
    attributes: Sequence[str] | None
    excluded_attributes: Sequence[str] | None


class ImportOptions(TypedDict, total=False):
    """Of `import_`."""

    # The resource type of rows that do not tell theirs by `schemas`.
    resource_type: str | None
    # What becomes of a row whose id or unique value is taken: see docs/CLI.md, import.
    on_conflict: str | None
    # Whether rows keep their ids, versions and times: for rows that an export told.
    restore: bool | None
    actor: str | None


class OpenOptions(TypedDict, total=False):
    """Of `open`."""

    # Bytes of pages kept in memory; 64 MiB unless given.
    cache_bytes: int | None
    # Whether to make the store where there is none; True unless given.
    create: bool | None
    default_page: int | None
    max_page: int | None
    cursor_ttl_seconds: int | None
    max_bulk_operations: int | None
    # Changes kept in the change log of each tenant; all unless given.
    keep_changes: int | None
    # What the error tells that another process gets while this one holds the store.
    holder: str | None
    hash_memory_bytes: int | None
    index: Mapping[str, Any] | None
    # Whether several processes share the store: one holds it, the others send their calls to it.
    share: bool | None
