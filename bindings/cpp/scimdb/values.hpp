/// The values of <scimdb.hpp>: its error, and the options of calls.
#ifndef SCIMDB_VALUES_HPP
#define SCIMDB_VALUES_HPP

#include <scimdb.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace scimdb {

/// What went wrong: the one exception that this header throws.
class Error : public std::exception {
public:
    /// An error of one's own, to be thrown in a hook: the write is refused with it. The scimType may be empty.
    Error(int status, std::string_view scim_type, std::string_view detail) : told_(own(status, scim_type, detail)) {}
    /// What a function of the C ABI told; `error` may be null, and stays the caller's.
    Error(scimdb_code code, const scimdb_error *error) : told_(of_library(code, error)) {}

    /// The detail.
    const char *what() const noexcept override { return told_->detail.c_str(); }
    /// SCIMDB_NOT_FOUND and so on: what a program decides by.
    scimdb_code code() const noexcept { return told_->code; }
    /// The code in words: NOT_FOUND.
    const std::string &name() const noexcept { return told_->name; }
    /// The HTTP status (RFC 7644 section 3.12).
    int status() const noexcept { return told_->status; }
    /// The scimType (RFC 7644 table 9), where there is one.
    const std::optional<std::string> &scim_type() const noexcept { return told_->scim_type; }
    /// A sentence for people.
    const std::string &detail() const noexcept { return told_->detail; }
    /// The path of the attribute that is to blame.
    const std::optional<std::string> &attribute() const noexcept { return told_->attribute; }
    /// The byte in the filter, the path or the JSON that is to blame.
    std::optional<std::size_t> offset() const noexcept { return told_->offset; }
    /// Whether the same call may succeed later.
    bool is_retriable() const noexcept { return told_->is_retriable; }
    /// The SCIM Error message (RFC 7644 section 3.12); empty for one that the library did not make.
    const std::string &json() const noexcept { return told_->json; }

    /// The error where the library that is loaded has another ABI than the header that the program was built with.
    static Error of_other_abi() {
        auto told = std::make_shared<Told>();
        told->code = SCIMDB_NOT_IMPLEMENTED;
        told->name = "NOT_IMPLEMENTED";
        told->status = 501;
        told->detail = "libscimdb has version " + std::to_string(scimdb_abi_version()) +
                       " of the ABI, and the program was built with version " + std::to_string(SCIMDB_ABI_VERSION);
        return Error(std::move(told));
    }

private:
    struct Told {
        scimdb_code code = SCIMDB_OK;
        std::string name;
        int status = 0;
        std::optional<std::string> scim_type;
        std::string detail;
        std::optional<std::string> attribute;
        std::optional<std::size_t> offset;
        bool is_retriable = false;
        std::string json;
    };
    explicit Error(std::shared_ptr<const Told> told) noexcept : told_(std::move(told)) {}

    static std::shared_ptr<const Told> own(int status, std::string_view scim_type, std::string_view detail) {
        auto told = std::make_shared<Told>();
        told->code = SCIMDB_INVALID_VALUE;
        told->name = "INVALID_VALUE";
        told->status = status;
        if (!scim_type.empty()) told->scim_type = std::string(scim_type);
        told->detail = detail;
        return told;
    }

    static std::shared_ptr<const Told> of_library(scimdb_code code, const scimdb_error *error) {
        const auto optional = [](const char *text) { return text ? std::optional<std::string>(text) : std::nullopt; };
        auto told = std::make_shared<Told>();
        told->code = code;
        if (!error) {
            told->name = "CODE_" + std::to_string(code);
            told->status = code == SCIMDB_MISUSE ? 400 : 500;
            told->detail = "the library answered with the code " + std::to_string(code);
            return told;
        }
        told->name = optional(scimdb_error_name(error)).value_or("");
        told->status = scimdb_error_status(error);
        told->scim_type = optional(scimdb_error_scim_type(error));
        told->detail = optional(scimdb_error_detail(error)).value_or("");
        told->attribute = optional(scimdb_error_attribute(error));
        const auto offset = scimdb_error_offset(error);
        if (offset >= 0) told->offset = static_cast<std::size_t>(offset);
        told->is_retriable = scimdb_error_is_retriable(error) != 0;
        told->json = optional(scimdb_error_json(error)).value_or("");
        return told;
    }

    // Shared, so that an exception is copied without throwing.
    std::shared_ptr<const Told> told_;
};

namespace detail {

/// A time as the library takes it: none where it is negative, 49 days at most.
inline std::uint32_t milliseconds_of(std::chrono::milliseconds time) {
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(time.count(), 0, UINT32_MAX));
}

/// The same in seconds, as options take it.
inline std::string seconds_of(std::chrono::milliseconds time) {
    const auto whole = milliseconds_of(time);
    // The three digits of the milliseconds, behind a one.
    return std::to_string(whole / 1000) + "." + std::to_string(1000 + whole % 1000).substr(1);
}

/// The place for a call's error.
class Failure {
public:
    Failure() = default;
    Failure(const Failure &) = delete;
    Failure &operator=(const Failure &) = delete;
    ~Failure() { scimdb_error_free(error_); }
    scimdb_error **operator&() noexcept { return &error_; }
    void check(scimdb_code code) const {
        if (code != SCIMDB_OK) throw Error(code, error_);
    }

private:
    scimdb_error *error_ = nullptr;
};

/// The place for a call's text.
class Buffer {
public:
    Buffer() = default;
    Buffer(const Buffer &) = delete;
    Buffer &operator=(const Buffer &) = delete;
    ~Buffer() { scimdb_buf_free(&buf_); }
    scimdb_buf *operator&() noexcept { return &buf_; }
    std::string text() const { return buf_.data ? std::string(buf_.data, buf_.len) : std::string(); }

private:
    scimdb_buf buf_ = SCIMDB_BUF_INIT;
};

/// Makes a call that may fail: `call(err)`.
template <class Call> void run(Call &&call) {
    Failure failure;
    failure.check(call(&failure));
}

/// Makes a call that gives a text: `call(out, err)`.
template <class Call> std::string text_of(Call &&call) {
    Buffer out;
    run([&](scimdb_error **err) { return call(&out, err); });
    return out.text();
}

/// Owns a handle of the library, and gives it back by `Close`.
template <class Handle, auto Close> class Owned {
public:
    explicit Owned(Handle *handle) noexcept : handle_(handle) {}
    Owned(Owned &&other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    Owned &operator=(Owned &&other) noexcept {
        if (this != &other) reset(std::exchange(other.handle_, nullptr));
        return *this;
    }
    ~Owned() { reset(nullptr); }
    Handle *get() const noexcept { return handle_; }
    Handle *release() noexcept { return std::exchange(handle_, nullptr); }

private:
    void reset(Handle *handle) noexcept {
        if (handle_) Close(handle_);
        handle_ = handle;
    }
    Handle *handle_;
};

inline void append_quoted(std::string &json, std::string_view text) {
    constexpr const char *hex = "0123456789abcdef";
    json += '"';
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            json += '\\';
            json += c;
        } else if (byte < 0x20) {
            json += "\\u00";
            json += hex[byte >> 4];
            json += hex[byte & 15];
        } else {
            json += c;
        }
    }
    json += '"';
}

/// A JSON object that options are written into: those alone that are there.
class Object {
public:
    void text(std::string_view name, const std::optional<std::string> &value) {
        if (value) append_quoted(begin(name), *value);
    }
    void texts(std::string_view name, const std::vector<std::string> &values) {
        if (values.empty()) return;
        std::string &json = begin(name);
        char before = '[';
        for (const auto &value : values) {
            json += std::exchange(before, ',');
            append_quoted(json, value);
        }
        json += ']';
    }
    /// An array of objects, each of a struct that has `json`.
    template <class Struct> void objects(std::string_view name, const std::vector<Struct> &values) {
        if (values.empty()) return;
        std::string &json = begin(name);
        char before = '[';
        for (const auto &value : values) {
            json += std::exchange(before, ',');
            json += value.json();
        }
        json += ']';
    }
    template <class Number> void number(std::string_view name, const std::optional<Number> &value) {
        if (value) begin(name) += std::to_string(*value);
    }
    void flag(std::string_view name, const std::optional<bool> &value) {
        if (value) begin(name) += *value ? "true" : "false";
    }
    void json(std::string_view name, const std::optional<std::string> &value) {
        if (value) begin(name) += *value;
    }
    std::string done() && { return (json_.empty() ? "{" : std::move(json_)) + "}"; }

private:
    std::string &begin(std::string_view name) {
        json_ += json_.empty() ? '{' : ',';
        append_quoted(json_, name);
        return json_ += ':';
    }
    std::string json_;
};

} // namespace detail

/// The options of a call: a struct of them, a text of JSON, or nothing.
template <class Struct> class Options {
public:
    Options() = default;
    Options(const Struct &options) : json_(options.json()) {}
    Options(std::string_view json) : json_(json) {}
    Options(const std::string &json) : json_(json) {}
    Options(const char *json) : json_(json) {}
    const char *data() const noexcept { return json_.empty() ? nullptr : json_.data(); }
    std::size_t size() const noexcept { return json_.size(); }

private:
    std::string json_;
};

/// A key of values that profiles encrypt at rest.
struct ValueKey {
    /// What the store knows it by: up to 32 letters, digits, dots, underscores, dashes.
    std::string id;
    /// Base64 of 32 bytes that nobody can guess.
    std::string key;
    std::string json() const {
        detail::Object object;
        object.text("id", id);
        object.text("key", key);
        return std::move(object).done();
    }
};

/// How a store is opened. What is left out has the default that docs/C-ABI-OPTIONS.md tells.
struct OpenOptions {
    /// Whether to make the store where there is none.
    std::optional<bool> create;
    std::optional<std::uint64_t> cache_bytes;
    /// Resources of a page when a search names no count.
    std::optional<std::uint64_t> default_page;
    std::optional<std::uint64_t> max_page;
    std::optional<std::uint64_t> cursor_ttl_seconds;
    std::optional<std::uint64_t> max_bulk_operations;
    /// Changes kept in the change log, per tenant.
    std::optional<std::uint64_t> keep_changes;
    std::optional<std::uint64_t> hash_memory_bytes;
    /// Who holds the store, for the error that another process gets.
    std::optional<std::string> holder;
    /// Whether several processes use the store at a time: one holds it, and serves the others.
    std::optional<bool> share;
    /// When and how resources are indexed: a JSON object.
    std::optional<std::string> index;
    /// The keys of values that profiles encrypt. The first is the current one, the others are for what was encrypted
    /// before. Keep them apart from the store and its backups: without its key such a value is lost for ever.
    std::vector<ValueKey> value_keys;
    /// The path of a file that has them, in place of `value_keys`: {"keys":[{"id":…,"key":…}]}, as `scimdb keys` makes
    /// it. Store::rotate_value_keys reads it again.
    std::optional<std::string> value_keys_file;
    std::string json() const {
        detail::Object object;
        object.flag("create", create);
        object.number("cacheBytes", cache_bytes);
        object.number("defaultPage", default_page);
        object.number("maxPage", max_page);
        object.number("cursorTtlSeconds", cursor_ttl_seconds);
        object.number("maxBulkOperations", max_bulk_operations);
        object.number("keepChanges", keep_changes);
        object.number("hashMemoryBytes", hash_memory_bytes);
        object.text("holder", holder);
        object.flag("share", share);
        object.json("index", index);
        object.objects("valueKeys", value_keys);
        object.text("valueKeysFile", value_keys_file);
        return std::move(object).done();
    }
};

/// How a resource is read.
struct ReadOptions {
    std::vector<std::string> attributes;
    std::vector<std::string> excluded_attributes;
    /// A version: SCIMDB_NOT_MODIFIED if the resource still has it.
    std::optional<std::string> if_none_match;
    /// What to put before locations and $refs.
    std::optional<std::string> base;
    /// The version of the API that the request is of, where the tenant's profile has versions.
    std::optional<std::uint64_t> api_version;
    std::string json() const {
        detail::Object object;
        object.texts("attributes", attributes);
        object.texts("excludedAttributes", excluded_attributes);
        object.text("ifNoneMatch", if_none_match);
        object.text("base", base);
        object.number("apiVersion", api_version);
        return std::move(object).done();
    }
};

/// How a resource is written.
struct WriteOptions {
    std::vector<std::string> attributes;
    std::vector<std::string> excluded_attributes;
    /// SCIMDB_VERSION_MISMATCH unless the resource has this version.
    std::optional<std::string> if_match;
    std::optional<std::string> if_none_match;
    /// Who writes, for the change log.
    std::optional<std::string> actor;
    std::optional<std::string> base;
    /// The id of a resource that is created.
    std::optional<std::string> id;
    /// Whether to delete what others name, too, where the tenant's profile asks for that.
    std::optional<bool> force;
    /// As in ReadOptions.
    std::optional<std::uint64_t> api_version;
    std::string json() const {
        detail::Object object;
        object.texts("attributes", attributes);
        object.texts("excludedAttributes", excluded_attributes);
        object.text("ifMatch", if_match);
        object.text("ifNoneMatch", if_none_match);
        object.text("actor", actor);
        object.text("base", base);
        object.text("id", id);
        object.flag("force", force);
        object.number("apiVersion", api_version);
        return std::move(object).done();
    }
};

/// How what was deleted is forgotten.
struct ForgetOptions {
    /// Who asks for it, for the change log.
    std::optional<std::string> actor;
    std::string json() const {
        detail::Object object;
        object.text("actor", actor);
        return std::move(object).done();
    }
};

/// What to search for: a SearchRequest message (RFC 7644 section 3.4.3), with the cursors of RFC 9865.
struct SearchRequest {
    std::optional<std::string> filter;
    std::optional<std::string> sort_by;
    std::optional<std::string> sort_order;
    std::optional<std::int64_t> start_index;
    std::optional<std::int64_t> count;
    std::vector<std::string> attributes;
    std::vector<std::string> excluded_attributes;
    std::optional<std::string> cursor;
    /// Whether the repositories of the host are searched as well: Store::set_repositories.
    std::optional<bool> search_repositories;
    std::string json() const {
        detail::Object object;
        object.text("filter", filter);
        object.text("sortBy", sort_by);
        object.text("sortOrder", sort_order);
        object.number("startIndex", start_index);
        object.number("count", count);
        object.texts("attributes", attributes);
        object.texts("excludedAttributes", excluded_attributes);
        object.text("cursor", cursor);
        object.flag("searchRepositories", search_repositories);
        return std::move(object).done();
    }
};

/// How a bulk request is carried out.
struct BulkOptions {
    std::optional<std::string> actor;
    std::optional<std::string> base;
    /// As in ReadOptions, for all operations.
    std::optional<std::uint64_t> api_version;
    std::string json() const {
        detail::Object object;
        object.text("actor", actor);
        object.text("base", base);
        object.number("apiVersion", api_version);
        return std::move(object).done();
    }
};

/// How rows are imported.
struct ImportOptions {
    /// Of rows that do not tell theirs; of all users of an import that is queued.
    std::optional<std::string> resource_type;
    /// fail, skip or replace.
    std::optional<std::string> on_conflict;
    /// Keeps meta and readOnly attributes, as an export has them.
    std::optional<bool> restore;
    std::optional<std::string> actor;
    /// Whether to queue it: what is fed is one JSON object with users and group then, and the library imports it by
    /// itself. Not with on_conflict and restore.
    std::optional<bool> queue;
    std::string json() const {
        detail::Object object;
        object.text("resourceType", resource_type);
        object.text("onConflict", on_conflict);
        object.flag("restore", restore);
        object.text("actor", actor);
        object.flag("queue", queue);
        return std::move(object).done();
    }
};

/// Settings of a tenant.
struct TenantOptions {
    /// The name of a profile: strict, entra, okta, activid, absorb, activtrak. A document goes in as JSON text in place
    /// of this struct.
    std::optional<std::string> profile;
    std::string json() const {
        detail::Object object;
        object.text("profile", profile);
        return std::move(object).done();
    }
};

/// How a bearer token is made.
struct TokenOptions {
    /// read, write or admin.
    std::optional<std::string> scope;
    std::optional<std::uint64_t> lifetime_seconds;
    /// The id of the resource that its bearer is: what /Me shows.
    std::optional<std::string> subject;
    /// The permissions of the tenant's profile that its bearer is limited to; none: all that the scope allows.
    std::vector<std::string> permissions;
    std::string json() const {
        detail::Object object;
        object.text("scope", scope);
        object.number("lifetimeSeconds", lifetime_seconds);
        object.text("subject", subject);
        object.texts("permissions", permissions);
        return std::move(object).done();
    }
};

/// What the host tells of a request and its caller.
struct Context {
    /// The URL of the endpoint, without a trailing slash.
    std::optional<std::string> base;
    std::optional<std::string> actor;
    std::optional<std::string> subject;
    /// read, write or admin: what the caller may do.
    std::optional<std::string> scope;
    /// The permissions of the tenant's profile that the caller is limited to; none: all that the scope allows.
    std::vector<std::string> permissions;
    /// Whether to look at the authorization header, and to answer 401 and 403.
    std::optional<bool> authenticate;
    std::optional<std::uint64_t> max_body_bytes;
    std::optional<std::string> documentation_uri;
    /// A JSON array (RFC 7643 section 5).
    std::optional<std::string> authentication_schemes;
    std::string json() const {
        detail::Object object;
        object.text("base", base);
        object.text("actor", actor);
        object.text("subject", subject);
        object.text("scope", scope);
        object.texts("permissions", permissions);
        object.flag("authenticate", authenticate);
        object.number("maxBodyBytes", max_body_bytes);
        object.text("documentationUri", documentation_uri);
        object.json("authenticationSchemes", authentication_schemes);
        return std::move(object).done();
    }
};

} // namespace scimdb

#endif
