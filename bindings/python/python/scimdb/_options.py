"""The keywords that methods take, for type checkers."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, Union


class ReadOptions(TypedDict, total=False):
    """Of `get`. What is not given, or None, is as if it were not there."""

    attributes: Sequence[str] | None
    excluded_attributes: Sequence[str] | None
    if_none_match: str | None
    base: str | None
    # The version of the API that the request is of, where the tenant's profile has versions.
    api_version: int | None


class BulkOptions(TypedDict, total=False):
    """Of `bulk`."""

    # Who writes, for the change log.
    actor: str | None
    base: str | None
    # The version of the API that all operations are of, as in `ReadOptions`.
    api_version: int | None


class ChangeOptions(TypedDict, total=False):
    """Of every write of one resource."""

    if_match: str | None
    if_none_match: str | None
    actor: str | None
    # As in `ReadOptions`.
    api_version: int | None


class DeleteOptions(ChangeOptions, total=False):
    """Of `delete`."""

    # Deletes what others name, too, where the tenant's profile asks for that.
    force: bool | None


class WriteOptions(ChangeOptions, total=False):
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
    # Whether the repositories of the host are searched, too: see `Store.set_repositories`.
    search_repositories: bool | None


class QueueOptions(TypedDict, total=False):
    """Of `queue_import`."""

    # The resource type of all users of the import; "User" unless given.
    resource_type: str | None
    actor: str | None


class ImportOptions(TypedDict, total=False):
    """Of `import_`."""

    # The resource type of rows that do not tell theirs by `schemas`.
    resource_type: str | None
    # What becomes of a row whose id or unique value is taken: see docs/CLI.md, import.
    on_conflict: str | None
    # Whether rows keep their ids, versions and times: for rows that an export told.
    restore: bool | None
    actor: str | None


class ImporterOptions(ImportOptions, total=False):
    """Of `importer`."""

    # Whether what is fed is the body of an import that is queued: see `Tenant.queue_import`.
    queue: bool | None


class ValueKey(TypedDict):
    """A key that values are encrypted by."""

    # Its name, which is stored beside what it encrypts.
    id: str
    # 32 random bytes, such as `secrets.token_bytes(32)` makes; or base64 of them.
    key: Union[bytes, str]


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
    # The keys of values that a profile encrypts, the current one first. Keep them apart from the store, and as safely
    # as it: without its key an encrypted value is lost, in backups too.
    value_keys: Sequence[ValueKey] | None
    # The path of a file that has them, as `scimdb keys` makes it; instead of `value_keys`.
    value_keys_file: Union[str, os.PathLike[str], None]
