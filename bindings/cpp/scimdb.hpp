/// scimdb for C++17: the C ABI of <scimdb.h> with RAII, exceptions and the standard library's types. Header-only.
///
/// Texts go in as std::string_view and come out as std::string: JSON, for whatever JSON library a program uses. What is
/// said of threads and fork() on top of <scimdb.h> holds here too. Everything but destructors and moves may throw
/// scimdb::Error.
#ifndef SCIMDB_HPP
#define SCIMDB_HPP

#include <scimdb/host.hpp>
#include <scimdb/values.hpp>

#include <chrono>
#include <functional>
#include <istream>
#include <iterator>

namespace scimdb {

/// The version of the library, like 0.1.0.
inline std::string_view version() noexcept {
    return scimdb_version();
}

/// Headers of HTTP, in order.
using Headers = std::vector<std::pair<std::string, std::string>>;

/// A request for the SCIM endpoint.
struct Request {
    /// In capitals.
    std::string method;
    /// What stands behind the base of the endpoint, with the query: /Users?count=1
    std::string target;
    Headers headers;
    std::string body;
};

/// The endpoint's answer.
struct Response {
    int status = 0;
    /// Their names in lower case.
    Headers headers;
    std::string body;
};

namespace detail {

/// Reads a text of JSON that the library wrote, from behind its first quote; `json` begins behind its last one then.
inline std::string take_text(std::string_view &json) {
    std::string text;
    while (!json.empty() && json.front() != '"') {
        if (json.front() != '\\' || json.size() < 2) {
            text += json.front();
            json.remove_prefix(1);
            continue;
        }
        const char escaped = json[1];
        json.remove_prefix(2);
        constexpr std::string_view letters = "nrtbf", meant = "\n\r\t\b\f";
        if (const auto at = letters.find(escaped); at != letters.npos) {
            text += meant[at];
        } else if (escaped == 'u') {
            // The library escapes control characters alone.
            text += static_cast<char>(std::stoi(std::string(json.substr(0, 4)), nullptr, 16));
            json.remove_prefix(4);
        } else {
            text += escaped;
        }
    }
    if (!json.empty()) json.remove_prefix(1);
    return text;
}

/// Reads the headers of an answer: a JSON object of texts.
inline Headers headers_of(std::string_view json) {
    Headers headers;
    const auto to_text = [&] {
        const auto quote = json.find('"');
        json.remove_prefix(quote == json.npos ? json.size() : quote + 1);
        return !json.empty();
    };
    while (to_text()) {
        std::string name = take_text(json);
        if (!to_text()) break;
        headers.emplace_back(std::move(name), take_text(json));
    }
    return headers;
}

inline std::string json_of(const Headers &headers) {
    std::string json = "[";
    for (const auto &[name, value] : headers) {
        json += json.size() > 1 ? ",[" : "[";
        append_quoted(json, name);
        json += ',';
        append_quoted(json, value);
        json += ']';
    }
    return json + "]";
}

} // namespace detail

/// What a search finds, one resource at a time, from one snapshot: a range of JSON texts, each of which is there until
/// the next one is asked for. One thread at a time.
class Iterator {
public:
    explicit Iterator(scimdb_iter *iter) noexcept : iter_(iter) {}

    /// The next resource, or nothing behind the last one.
    std::optional<std::string_view> next() {
        const char *json = nullptr;
        std::size_t size = 0;
        detail::Failure failure;
        const scimdb_code code = scimdb_iter_next(iter_.get(), &json, &size, &failure);
        if (code == SCIMDB_DONE) return std::nullopt;
        failure.check(code);
        return std::string_view(json, size);
    }

    /// Up to `max` resources or about `max_bytes` at once, each a line of JSON; empty behind the last one.
    std::string next_many(std::uint32_t max = 1000, std::size_t max_bytes = std::size_t(1) << 20) {
        detail::Failure failure;
        detail::Buffer out;
        const scimdb_code code = scimdb_iter_next_many(iter_.get(), max, max_bytes, &out, &failure);
        if (code == SCIMDB_DONE) return {};
        failure.check(code);
        return out.text();
    }

    struct End {};
    /// A place in it, which goes forward only.
    class Place {
    public:
        using iterator_category = std::input_iterator_tag;
        using value_type = std::string_view;
        using difference_type = std::ptrdiff_t;
        using pointer = const std::string_view *;
        using reference = std::string_view;
        explicit Place(Iterator &of) : of_(&of), json_(of.next()) {}
        std::string_view operator*() const { return *json_; }
        Place &operator++() {
            json_ = of_->next();
            return *this;
        }
        friend bool operator==(const Place &place, End) noexcept { return !place.json_; }
        friend bool operator!=(const Place &place, End) noexcept { return place.json_.has_value(); }

    private:
        Iterator *of_;
        std::optional<std::string_view> json_;
    };
    Place begin() { return Place(*this); }
    End end() const noexcept { return {}; }

private:
    detail::Owned<scimdb_iter, scimdb_iter_free> iter_;
};

/// An import under way. Destroyed without finish(), rows that are not committed yet are gone, and of one that was to be
/// queued nothing is left.
class Import {
public:
    explicit Import(scimdb_import *import) noexcept : import_(import) {}

    /// Gives bytes of newline-delimited JSON, or of the one object that is queued, cut anywhere.
    void feed(std::string_view bytes) {
        detail::run([&](auto err) { return scimdb_import_feed(import_.get(), bytes.data(), bytes.size(), err); });
    }
    /// Gives all that is left in a stream.
    void feed(std::istream &rows) {
        std::vector<char> chunk(std::size_t(1) << 16);
        while (rows.read(chunk.data(), static_cast<std::streamsize>(chunk.size())) || rows.gcount() > 0) {
            feed(std::string_view(chunk.data(), static_cast<std::size_t>(rows.gcount())));
        }
        if (rows.bad()) throw std::ios_base::failure("the rows of an import could not be read");
    }
    /// Commits what is left, and gives the report: an object with read, created, replaced, skipped, rejected, rejects.
    /// Of one that is queued it gives the job, as Tenant::job does: all of it is durable then.
    std::string finish() {
        return detail::text_of([&](auto out, auto err) { return scimdb_import_finish(import_.release(), out, err); });
    }

private:
    detail::Owned<scimdb_import, scimdb_import_free> import_;
};

/// Wakes a callback until it is destroyed, which waits for a call that runs.
class Subscription {
public:
    explicit Subscription(scimdb_subscription *subscription) noexcept : subscription_(subscription) {}

private:
    detail::Owned<scimdb_subscription, scimdb_subscription_free> subscription_;
};

/// The store, served over HTTP and gRPC by threads of the library. Destroyed, it stops as `stop` does.
class Server {
public:
    explicit Server(scimdb_server *server) noexcept : server_(server) {}

    /// Where it listens: http://127.0.0.1:7644
    std::string url() const {
        return detail::text_of([&](auto out, auto err) { return scimdb_serve_url(server_.get(), out, err); });
    }
    /// Stops it; calls under way have this long to end: 10 seconds, unless it is said.
    void stop(std::chrono::milliseconds drain = usual_drain) {
        const auto drain_ms = detail::milliseconds_of(drain);
        detail::run([&](auto err) { return scimdb_serve_stop(server_.release(), drain_ms, err); });
    }

private:
    static constexpr std::chrono::milliseconds usual_drain = std::chrono::seconds(10);
    static void stop_usually(scimdb_server *server) noexcept {
        (void)scimdb_serve_stop(server, static_cast<std::uint32_t>(usual_drain.count()), nullptr);
    }
    detail::Owned<scimdb_server, stop_usually> server_;
};

/// A tenant of a store: its resources, schemas, tokens and change log. As cheap as a text, and good for any number of
/// threads as long as its store is open.
class Tenant {
public:
    /// A tenant of a store of the C ABI. An empty name is the default tenant.
    Tenant(const scimdb_store *db, std::string_view name) : db_(db), name_(name) {}

    /// Gets a resource (RFC 7644 section 3.4.1).
    std::string get(std::string_view type, std::string_view id, const Options<ReadOptions> &options = {}) const {
        return detail::text_of([&](auto out, auto err) {
            return scimdb_get(
                db_, tenant(), name_.size(), type.data(), type.size(), id.data(), id.size(), options.data(),
                options.size(), out, err);
        });
    }
    /// Creates a resource (RFC 7644 section 3.3), and gives it back.
    std::string create(std::string_view type, std::string_view json, const Options<WriteOptions> &options = {}) const {
        return detail::text_of([&](auto out, auto err) {
            return scimdb_create(
                db_, tenant(), name_.size(), type.data(), type.size(), json.data(), json.size(), options.data(),
                options.size(), out, err);
        });
    }
    /// Replaces a resource (RFC 7644 section 3.5.1), and gives it back.
    std::string replace(
        std::string_view type, std::string_view id, std::string_view json,
        const Options<WriteOptions> &options = {}) const {
        return detail::text_of([&](auto out, auto err) {
            return scimdb_replace(
                db_, tenant(), name_.size(), type.data(), type.size(), id.data(), id.size(), json.data(), json.size(),
                options.data(), options.size(), out, err);
        });
    }
    /// Changes a resource by a PatchOp message (RFC 7644 section 3.5.2), and gives the whole of it back.
    std::string patch(
        std::string_view type, std::string_view id, std::string_view json,
        const Options<WriteOptions> &options = {}) const {
        return detail::text_of([&](auto out, auto err) {
            return scimdb_patch(
                db_, tenant(), name_.size(), type.data(), type.size(), id.data(), id.size(), json.data(), json.size(),
                options.data(), options.size(), out, err);
        });
    }
    /// Deletes a resource (RFC 7644 section 3.6).
    void remove(std::string_view type, std::string_view id, const Options<WriteOptions> &options = {}) const {
        detail::run([&](auto err) {
            return scimdb_delete(
                db_, tenant(), name_.size(), type.data(), type.size(), id.data(), id.size(), options.data(),
                options.size(), err);
        });
    }
    /// Purges every trace of what was deleted and had an externalId: an object with resources, how many there were.
    /// SCIMDB_IN_USE while a resource has it, SCIMDB_NOT_FOUND where none that was deleted had it. The file is written
    /// anew, and everybody waits meanwhile, so no Iterator may be there.
    std::string
    forget(std::string_view type, std::string_view external_id, const Options<ForgetOptions> &options = {}) const {
        return detail::text_of([&](auto out, auto err) {
            return scimdb_forget(
                db_, tenant(), name_.size(), type.data(), type.size(), external_id.data(), external_id.size(),
                options.data(), options.size(), out, err);
        });
    }
    /// Whether a password is that of a user. Takes as long for one who has none.
    bool verify_password(std::string_view type, std::string_view id, std::string_view password) const {
        std::int32_t matches = 0;
        detail::run([&](auto err) {
            return scimdb_verify_password(
                db_, tenant(), name_.size(), type.data(), type.size(), id.data(), id.size(), password.data(),
                password.size(), &matches, err);
        });
        return matches != 0;
    }
    /// A page of what is found: a ListResponse (RFC 7644 section 3.4.2). An empty type stands for all.
    std::string search(std::string_view type, const Options<SearchRequest> &request = {}) const {
        return detail::text_of([&](auto out, auto err) {
            return scimdb_search(
                db_, tenant(), name_.size(), given(type), type.size(), request.data(), request.size(), out, err);
        });
    }
    /// How a search is carried out.
    std::string explain(std::string_view type, const Options<SearchRequest> &request = {}) const {
        return detail::text_of([&](auto out, auto err) {
            return scimdb_explain(
                db_, tenant(), name_.size(), given(type), type.size(), request.data(), request.size(), out, err);
        });
    }
    /// All that is found, one by one, from one snapshot.
    Iterator iterate(std::string_view type, const Options<SearchRequest> &request = {}) const {
        scimdb_iter *iter = nullptr;
        detail::run([&](auto err) {
            return scimdb_iter_open(
                db_, tenant(), name_.size(), given(type), type.size(), request.data(), request.size(), &iter, err);
        });
        return Iterator(iter);
    }
    /// Carries out a BulkRequest message (RFC 7644 section 3.7), and gives a BulkResponse.
    std::string bulk(std::string_view request, const Options<BulkOptions> &options = {}) const {
        return detail::text_of([&](auto out, auto err) {
            return scimdb_bulk(
                db_, tenant(), name_.size(), request.data(), request.size(), options.data(), options.size(), out, err);
        });
    }
    /// Begins an import of newline-delimited JSON; with `queue`, of one JSON object with users and group, which the
    /// library carries out by itself.
    Import import(const Options<ImportOptions> &options = {}) const {
        scimdb_import *import = nullptr;
        detail::run([&](auto err) {
            return scimdb_import_open(db_, tenant(), name_.size(), options.data(), options.size(), &import, err);
        });
        return Import(import);
    }
    /// Imports every row of a range, each a JSON text, and gives the report.
    template <class Rows> std::string import_rows(const Rows &rows, const Options<ImportOptions> &options = {}) const {
        Import under_way = import(options);
        for (const auto &row : rows) {
            under_way.feed(std::string_view(row));
            under_way.feed(std::string_view("\n"));
        }
        return under_way.finish();
    }
    /// How far an import is that was queued, by its correlationId: an object with status (importing, done, failed),
    /// imported, failed, failures and so on. If it goes on, waits for its end, and tells it as it stands then.
    std::string
    job(std::string_view correlation_id, std::chrono::milliseconds wait = std::chrono::milliseconds(0)) const {
        const std::string options = R"({"waitSeconds":)" + detail::seconds_of(wait) + "}";
        return detail::text_of([&](auto out, auto err) {
            return scimdb_job_get(
                db_, tenant(), name_.size(), correlation_id.data(), correlation_id.size(), options.data(),
                options.size(), out, err);
        });
    }
    /// The imports that were queued, in the order in which they came: an object with the array jobs.
    std::string jobs() const {
        return detail::text_of(
            [&](auto out, auto err) { return scimdb_job_list(db_, tenant(), name_.size(), out, err); });
    }
    /// The changes after a sequence number: an object with the array changes, and last, the number to go on from. If
    /// there are none yet, waits for the first. SCIMDB_OUT_OF_RANGE where the change log does not reach back that far.
    std::string changes(
        std::uint64_t since, std::uint32_t max = 1000,
        std::chrono::milliseconds wait = std::chrono::milliseconds(0)) const {
        const auto wait_ms = detail::milliseconds_of(wait);
        return detail::text_of([&](auto out, auto err) {
            return scimdb_changes(db_, tenant(), name_.size(), since, max, wait_ms, out, err);
        });
    }
    /// Answers a request for the SCIM endpoint. What is wrong with the request is told by the answer, not thrown.
    Response handle(const Request &request, const Options<Context> &context = {}) const {
        const std::string headers = detail::json_of(request.headers);
        const std::string_view method = request.method, target = request.target, body = request.body;
        detail::Buffer out;
        std::int32_t status = 0;
        const std::string told = detail::text_of([&](auto out_headers, auto err) {
            return scimdb_handle(
                db_, tenant(), name_.size(), method.data(), method.size(), target.data(), target.size(), headers.data(),
                headers.size(), given(body), body.size(), context.data(), context.size(), &status, out_headers, &out,
                err);
        });
        return {status, detail::headers_of(told), out.text()};
    }
    /// Registers schemas and resource types (RFC 7643 sections 6 and 7): a document, or an array of them.
    void put_schemas(std::string_view documents) const {
        detail::run([&](auto err) {
            return scimdb_schema_put(db_, tenant(), name_.size(), documents.data(), documents.size(), err);
        });
    }
    /// Removes a schema by its URN, or a resource type by its name.
    void remove_schema(std::string_view urn_or_name) const {
        detail::run([&](auto err) {
            return scimdb_schema_remove(db_, tenant(), name_.size(), urn_or_name.data(), urn_or_name.size(), err);
        });
    }
    /// The schemas and resource types.
    std::string schemas() const {
        return detail::text_of(
            [&](auto out, auto err) { return scimdb_schema_list(db_, tenant(), name_.size(), out, err); });
    }
    /// Which resources a profile would refuse if they were written as they are: an object with profile, resources,
    /// refused, and the arrays counts and findings. The profile is a name or a document; an empty one is the tenant's
    /// own.
    std::string check_profile(std::string_view profile = {}) const {
        return detail::text_of([&](auto out, auto err) {
            return scimdb_profile_check(db_, tenant(), name_.size(), given(profile), profile.size(), out, err);
        });
    }
    /// Makes a bearer token: an object with name and secret, which is told this once.
    std::string create_token(std::string_view name, const Options<TokenOptions> &options = {}) const {
        return detail::text_of([&](auto out, auto err) {
            return scimdb_token_create(
                db_, tenant(), name_.size(), name.data(), name.size(), options.data(), options.size(), out, err);
        });
    }
    /// Gives a token a new secret, told as by create_token; the old one is unknown from now on.
    std::string regenerate_token(std::string_view name) const {
        return detail::text_of([&](auto out, auto err) {
            return scimdb_token_regenerate(db_, tenant(), name_.size(), name.data(), name.size(), out, err);
        });
    }
    /// Revokes a token.
    void revoke_token(std::string_view name) const {
        detail::run(
            [&](auto err) { return scimdb_token_revoke(db_, tenant(), name_.size(), name.data(), name.size(), err); });
    }
    /// The tokens, without their secrets.
    std::string tokens() const {
        return detail::text_of(
            [&](auto out, auto err) { return scimdb_token_list(db_, tenant(), name_.size(), out, err); });
    }
    /// Its name; empty for the default tenant.
    const std::string &name() const noexcept { return name_; }

private:
    static const char *given(std::string_view text) noexcept { return text.empty() ? nullptr : text.data(); }
    const char *tenant() const noexcept { return given(name_); }
    const scimdb_store *db_;
    std::string name_;
};

/// An open store. Any number of threads may use it at once. Destroyed, it is closed.
class Store {
public:
    /// Opens the store in a directory, and makes it where there is none; ":memory:" opens one in memory.
    /// SCIMDB_NOT_IMPLEMENTED where the library has another ABI than the header that the program was built with.
    explicit Store(std::string_view path, const Options<OpenOptions> &options = {}) : db_(open(path, options)) {}

    /// Closes the store: calls under way are waited for, later ones are answered with SCIMDB_MISUSE. Not from within a
    /// hook.
    void close() {
        if (!db_.get()) return;
        const scimdb_code code = scimdb_close(db_.get());
        if (code != SCIMDB_OK) throw Error(code, nullptr);
        db_.release();
    }
    /// Ends searches, iterators, waits and checks that run with SCIMDB_CANCELLED, from any thread.
    void interrupt() const {
        const scimdb_code code = scimdb_interrupt(db_.get());
        if (code != SCIMDB_OK) throw Error(code, nullptr);
    }
    /// A tenant: the default one, unless it is named.
    Tenant tenant(std::string_view name = {}) const { return {db_.get(), name}; }
    /// Makes a tenant.
    void create_tenant(std::string_view name, const Options<TenantOptions> &options = {}) const {
        detail::run([&](auto err) {
            return scimdb_tenant_create(db_.get(), name.data(), name.size(), options.data(), options.size(), err);
        });
    }
    /// Changes the settings of a tenant.
    void configure_tenant(std::string_view name, const Options<TenantOptions> &options) const {
        detail::run([&](auto err) {
            return scimdb_tenant_configure(db_.get(), name.data(), name.size(), options.data(), options.size(), err);
        });
    }
    /// Removes a tenant with everything in it.
    void drop_tenant(std::string_view name) const {
        detail::run([&](auto err) { return scimdb_tenant_drop(db_.get(), name.data(), name.size(), err); });
    }
    /// The tenants: an object with the array tenants.
    std::string tenants() const {
        return detail::text_of([&](auto out, auto err) { return scimdb_tenant_list(db_.get(), out, err); });
    }
    /// Who a bearer token belongs to: an object with tenant, name, scope, subject, permissions. SCIMDB_UNAUTHENTICATED:
    /// nobody.
    std::string authenticate(std::string_view secret) const {
        return detail::text_of(
            [&](auto out, auto err) { return scimdb_authenticate(db_.get(), secret.data(), secret.size(), out, err); });
    }
    /// Counts of everything.
    std::string stats() const {
        return detail::text_of([&](auto out, auto err) { return scimdb_stats(db_.get(), out, err); });
    }
    /// Reads everything and compares it: an object with the array problems, which is empty if the store is sound.
    std::string check() const {
        return detail::text_of([&](auto out, auto err) { return scimdb_check(db_.get(), out, err); });
    }
    /// Copies the store into a directory that is not there yet, while writers go on.
    void backup(std::string_view path) const {
        detail::run([&](auto err) { return scimdb_backup(db_.get(), path.data(), path.size(), err); });
    }
    /// Writes the file anew, without the room of what is gone.
    void compact() const {
        detail::run([&](auto err) { return scimdb_compact(db_.get(), err); });
    }
    /// Reads the keys of encrypted values again, those of a file, and encrypts by the first of them what another one
    /// did: an object with rewritten, how many resources that were. Only older backups need the others then.
    std::string rotate_value_keys() const {
        return detail::text_of([&](auto out, auto err) { return scimdb_value_keys_rotate(db_.get(), out, err); });
    }
    /// Sets the hooks, in place of those before. Hooks of no functions: none.
    void set_hooks(Hooks hooks) {
        const auto before = hooks.before_write ? detail::before_write : nullptr;
        const auto after = hooks.after_commit ? detail::after_commit : nullptr;
        const bool is_any = before || after;
        // The library drops it, whatever comes of the call.
        Hooks *const owned = is_any ? new Hooks(std::move(hooks)) : nullptr;
        detail::run([&](auto err) {
            return scimdb_set_hooks(db_.get(), before, after, owned, is_any ? detail::drop<Hooks> : nullptr, err);
        });
    }
    /// Sets the repositories of the host, in place of those before: what a search with `search_repositories` asks, in
    /// tenants whose profile has repositories. An empty function: none.
    void set_repositories(Repositories search) {
        const bool is_any = static_cast<bool>(search);
        Repositories *const owned = is_any ? new Repositories(std::move(search)) : nullptr;
        detail::run([&](auto err) {
            return scimdb_set_repositories(
                db_.get(), is_any ? detail::search_repositories : nullptr, owned,
                is_any ? detail::drop<Repositories> : nullptr, err);
        });
    }
    /// Has a callback called on a thread of the library after changes, with the sequence of the newest. It must not use
    /// the store, nor throw: it wakes somebody who reads Tenant::changes.
    [[nodiscard]] Subscription on_change(std::function<void(std::uint64_t sequence)> callback) const {
        using Callback = decltype(callback);
        const auto call = [](void *userdata, std::uint64_t sequence) noexcept {
            (*static_cast<Callback *>(userdata))(sequence);
        };
        scimdb_subscription *subscription = nullptr;
        Callback *const owned = new Callback(std::move(callback));
        detail::run([&](auto err) {
            return scimdb_on_change(db_.get(), call, owned, detail::drop<Callback>, &subscription, err);
        });
        return Subscription(subscription);
    }
    /// Serves the store over HTTP and gRPC: config is a JSON object, such as {"address":"127.0.0.1:7644"}.
    [[nodiscard]] Server serve(std::string_view config = {}) const {
        scimdb_server *server = nullptr;
        detail::run(
            [&](auto err) { return scimdb_serve_start(db_.get(), config.data(), config.size(), &server, err); });
        return Server(server);
    }
    /// The handle of the C ABI, which stays this object's.
    scimdb_store *get() const noexcept { return db_.get(); }

private:
    static void close_now(scimdb_store *db) noexcept { (void)scimdb_close(db); }
    static scimdb_store *open(std::string_view path, const Options<OpenOptions> &options) {
        if (scimdb_abi_version() != SCIMDB_ABI_VERSION) throw Error::of_other_abi();
        scimdb_store *db = nullptr;
        detail::run(
            [&](auto err) { return scimdb_open(path.data(), path.size(), options.data(), options.size(), &db, err); });
        return db;
    }
    detail::Owned<scimdb_store, close_now> db_;
};

/// Has the library tell what happens inside, from errors (1) to everything (5), in the whole process. An empty
/// function: nothing any more. It must not throw, nor use the library.
inline void set_log(std::int32_t level, std::function<void(std::int32_t level, std::string_view text)> callback) {
    using Callback = decltype(callback);
    const auto call = [](void *userdata, std::int32_t of, const char *text, std::size_t text_n) noexcept {
        (*static_cast<Callback *>(userdata))(of, {text, text_n});
    };
    const bool is_any = static_cast<bool>(callback);
    Callback *const owned = is_any ? new Callback(std::move(callback)) : nullptr;
    detail::run([&](auto err) {
        return scimdb_set_log(
            is_any ? static_cast<scimdb_log_fn>(call) : nullptr, level, owned,
            is_any ? detail::drop<Callback> : nullptr, err);
    });
}

} // namespace scimdb

#endif
