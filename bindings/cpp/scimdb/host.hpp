/// What <scimdb.hpp> has the library call: the host's hooks and repositories.
#ifndef SCIMDB_HOST_HPP
#define SCIMDB_HOST_HPP

#include <scimdb/values.hpp>

#include <functional>

namespace scimdb {

/// What a hook decides about a write. It is there during the call of the hook only.
class Decision {
public:
    explicit Decision(scimdb_decision *decision) noexcept : decision_(decision) {}
    Decision(const Decision &) = delete;
    Decision &operator=(const Decision &) = delete;

    /// Refuses the write with an HTTP status and a scimType (RFC 7644 table 9; it may be empty).
    void refuse(std::string_view detail, int status = 400, std::string_view scim_type = "invalidValue") {
        const char *type = scim_type.empty() ? nullptr : scim_type.data();
        check(scimdb_decision_refuse(decision_, status, type, scim_type.size(), detail.data(), detail.size()));
        refused_ = true;
    }
    /// Sets attributes, readOnly ones too: a JSON object; null removes.
    void set(std::string_view attributes) {
        check(scimdb_decision_set(decision_, attributes.data(), attributes.size()));
    }
    /// Whether it was refused.
    bool is_refused() const noexcept { return refused_; }

private:
    static void check(scimdb_code code) {
        if (code != SCIMDB_OK) throw Error(code, nullptr);
    }
    scimdb_decision *decision_;
    bool refused_ = false;
};

/// The host's hooks. They run on the thread that makes the write; `write` is a JSON object with operation (create,
/// modify, delete), tenant, resourceType, id, actor, before and after.
struct Hooks {
    /// Before a write, within its transaction. It may read from the store, and not write. An exception refuses the
    /// write with its message: a scimdb::Error with its status and scimType, another one with 500.
    std::function<void(std::string_view write, Decision &decision)> before_write;
    /// After a write is durable, with `sequence` as well. It may read and write.
    std::function<void(std::string_view write)> after_commit;
    /// Gets what after_commit throws. Without it such an exception ends the program, since nobody else is there to get
    /// it.
    std::function<void(std::exception_ptr failure)> failed;
};

/// What the repositories of the host found. It is there during their call only.
class Found {
public:
    explicit Found(scimdb_found *found) noexcept : found_(found) {}
    Found(const Found &) = delete;
    Found &operator=(const Found &) = delete;

    /// Adds a resource: a JSON object of the type that was asked for; any other fails the search with status 500.
    void add(std::string_view resource) { check(scimdb_found_add(found_, resource.data(), resource.size())); }
    /// Fails the search with an HTTP status.
    void fail(std::string_view detail, int status = 503) {
        check(scimdb_found_fail(found_, status, detail.data(), detail.size()));
        failed_ = true;
    }
    /// Whether it was failed.
    bool is_failed() const noexcept { return failed_; }

private:
    static void check(scimdb_code code) {
        if (code != SCIMDB_OK) throw Error(code, nullptr);
    }
    scimdb_found *found_;
    bool failed_ = false;
};

/// The repositories of the host: resources that it knows and the store does not have. They run on the thread that
/// searches, several at once, and may read and write; `query` is a JSON object with tenant, resourceType, filter (as it
/// was sent, or null) and count (resources of the page at most). They may add more than the filter asks for. An
/// exception fails the search with its message: a scimdb::Error with its status, another one with 500.
using Repositories = std::function<void(std::string_view query, Found &found)>;

namespace detail {

/// Frees what a callback was given.
template <class Callback> void drop(void *userdata) noexcept {
    delete static_cast<Callback *>(userdata);
}

inline scimdb_code
before_write(void *userdata, const char *write, std::size_t write_n, scimdb_decision *decision) noexcept {
    Decision told(decision);
    try {
        static_cast<Hooks *>(userdata)->before_write({write, write_n}, told);
        return told.is_refused() ? SCIMDB_INVALID_VALUE : SCIMDB_OK;
    } catch (const Error &error) {
        const std::string type = error.scim_type().value_or("");
        (void)scimdb_decision_refuse(
            decision, error.status(), type.empty() ? nullptr : type.data(), type.size(), error.what(), SCIMDB_NTS);
    } catch (const std::exception &error) {
        (void)scimdb_decision_refuse(decision, 500, nullptr, 0, error.what(), SCIMDB_NTS);
    } catch (...) {
        (void)scimdb_decision_refuse(decision, 500, nullptr, 0, "the hook failed", SCIMDB_NTS);
    }
    return SCIMDB_INTERNAL;
}

inline void after_commit(void *userdata, const char *write, std::size_t write_n) noexcept {
    const auto &hooks = *static_cast<Hooks *>(userdata);
    try {
        hooks.after_commit({write, write_n});
    } catch (...) {
        if (!hooks.failed) std::terminate();
        hooks.failed(std::current_exception());
    }
}

inline scimdb_code
search_repositories(void *userdata, const char *query, std::size_t query_n, scimdb_found *found) noexcept {
    Found told(found);
    try {
        (*static_cast<Repositories *>(userdata))({query, query_n}, told);
        return told.is_failed() ? SCIMDB_UNAVAILABLE : SCIMDB_OK;
    } catch (const Error &error) {
        // Misuse is the host's own, and not that of who searches.
        const int status = error.code() == SCIMDB_MISUSE ? 500 : error.status();
        (void)scimdb_found_fail(found, status, error.what(), SCIMDB_NTS);
    } catch (const std::exception &error) {
        (void)scimdb_found_fail(found, 500, error.what(), SCIMDB_NTS);
    } catch (...) {
        (void)scimdb_found_fail(found, 500, "the repositories failed", SCIMDB_NTS);
    }
    return SCIMDB_INTERNAL;
}

} // namespace detail

} // namespace scimdb

#endif
