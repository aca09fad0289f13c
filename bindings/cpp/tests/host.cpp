// What the library calls of the host's: hooks, wake-ups, the log. And the host as a server.
#include "harness.hpp"

#include <atomic>
#include <future>
#include <mutex>
#include <stdexcept>
#include <thread>

using namespace std::chrono_literals;

namespace {

// Waits until something is so, 20 seconds at most.
template <class Condition> bool comes(Condition &&condition) {
    for (int i = 0; i < 4000 && !condition(); i++)
        std::this_thread::sleep_for(5ms);
    return condition();
}

} // namespace

TEST(a_hook_sees_sets_and_refuses) {
    auto db = memory();
    const auto tenant = db.tenant();
    std::vector<std::string> committed;
    scimdb::Hooks hooks;
    hooks.before_write = [&](std::string_view text, scimdb::Decision &decision) {
        const auto write = Json::parse(text);
        if (write["operation"] == "delete") return decision.refuse("nobody leaves", 403, "");
        const auto name = write["after"]["userName"].get<std::string>();
        if (name.find('@') == name.npos) return decision.refuse("userName is an address");
        if (!write["after"].contains("userType")) decision.set(R"({"userType":"Employee"})");
        // It reads the state before.
        CHECK_EQ(Json::parse(tenant.search("User"))["totalResults"], committed.size());
    };
    hooks.after_commit = [&](std::string_view text) { committed.push_back(Json::parse(text)["after"]["userName"]); };
    db.set_hooks(std::move(hooks));
    const auto ann = Json::parse(tenant.create("User", user("ann@example.com"), with_id("a1")));
    CHECK_EQ(ann["userType"], "Employee");
    const auto refused = THROWN(tenant.create("User", user("bob")));
    CHECK_EQ(refused.status(), 400);
    CHECK_EQ(refused.scim_type().value(), "invalidValue");
    CHECK(refused.detail().find("userName is an address") != std::string::npos);
    CHECK_EQ(THROWN(tenant.remove("User", "a1")).status(), 403);
    CHECK_EQ(committed, std::vector<std::string>{"ann@example.com"});
    db.set_hooks({});
    tenant.remove("User", "a1");
}

TEST(what_a_hook_throws_refuses_the_write) {
    auto db = memory();
    const auto tenant = db.tenant();
    scimdb::Hooks hooks;
    hooks.before_write = [](std::string_view text, scimdb::Decision &) {
        const auto name = Json::parse(text)["after"]["userName"].get<std::string>();
        if (name == "conflict") throw scimdb::Error(409, "uniqueness", "the name is taken elsewhere");
        if (name == "broken") throw std::runtime_error("the other table is gone");
        if (name == "odd") throw 5;
    };
    db.set_hooks(std::move(hooks));
    const auto conflict = THROWN(tenant.create("User", user("conflict")));
    CHECK_EQ(conflict.status(), 409);
    CHECK_EQ(conflict.scim_type().value(), "uniqueness");
    CHECK(conflict.detail().find("taken elsewhere") != std::string::npos);
    const auto broken = THROWN(tenant.create("User", user("broken")));
    CHECK_EQ(broken.status(), 500);
    CHECK(broken.detail().find("the other table is gone") != std::string::npos);
    CHECK_EQ(THROWN(tenant.create("User", user("odd"))).status(), 500);
    CHECK_EQ(Json::parse(tenant.search("User"))["totalResults"], 0);
    tenant.create("User", user("good"));
}

TEST(what_after_commit_throws_is_told) {
    auto db = memory();
    std::string told;
    scimdb::Hooks hooks;
    hooks.after_commit = [](std::string_view) { throw std::runtime_error("too late"); };
    hooks.failed = [&](std::exception_ptr failure) {
        try {
            std::rethrow_exception(failure);
        } catch (const std::exception &error) {
            told = error.what();
        }
    };
    db.set_hooks(std::move(hooks));
    db.tenant().create("User", user("ann"));
    CHECK_EQ(told, "too late");
    CHECK_EQ(Json::parse(db.tenant().search("User"))["totalResults"], 1);
}

TEST(hooks_are_dropped_once) {
    const auto counted = std::make_shared<int>(0);
    {
        auto db = memory();
        scimdb::Hooks hooks;
        hooks.after_commit = [counted](std::string_view) { ++*counted; };
        db.set_hooks(hooks);
        CHECK_EQ(counted.use_count(), 3);
        db.set_hooks(std::move(hooks));
        CHECK_EQ(counted.use_count(), 2);
        db.tenant().create("User", user("ann"));
        CHECK_EQ(*counted, 1);
    }
    CHECK_EQ(counted.use_count(), 1);
    auto closed = memory();
    closed.close();
    scimdb::Hooks hooks;
    hooks.after_commit = [counted](std::string_view) {};
    CHECK_EQ(THROWN(closed.set_hooks(std::move(hooks))).code(), SCIMDB_MISUSE);
    CHECK_EQ(THROWN((void)closed.on_change([counted](std::uint64_t) {})).code(), SCIMDB_MISUSE);
    CHECK_EQ(counted.use_count(), 1);
}

TEST(changes_wake_and_are_read) {
    const auto db = memory();
    const auto tenant = db.tenant();
    std::atomic<std::uint64_t> newest{0};
    {
        auto subscription = db.on_change([&](std::uint64_t sequence) { newest = sequence; });
        tenant.create("User", user("ann"));
        CHECK(comes([&] { return newest > 0; }));
        const auto moved = std::move(subscription);
        const auto before = newest.load();
        tenant.create("User", user("bob"));
        CHECK(comes([&] { return newest > before; }));
    }
    const auto changes = Json::parse(tenant.changes(0));
    CHECK_EQ(changes["changes"].size(), 2U);
    const auto last = changes["last"].get<std::uint64_t>();
    auto waiting = std::async(std::launch::async, [&] { return tenant.changes(last, 10, 600s); });
    tenant.create("User", user("eve"));
    CHECK_EQ(Json::parse(waiting.get())["changes"].size(), 1U);
    CHECK_EQ(THROWN(tenant.changes(last + 100)).code(), SCIMDB_OUT_OF_RANGE);
    CHECK_EQ(Json::parse(tenant.changes(last + 1, 10, -1ms))["changes"].size(), 0U);
    // More than the library counts.
    const auto long_wait = std::chrono::milliseconds(std::int64_t{1} << 32);
    waiting = std::async(std::launch::async, [&] { return tenant.changes(last + 1, 10, long_wait); });
    while (waiting.wait_for(5ms) == std::future_status::timeout)
        db.interrupt();
    CHECK_EQ(THROWN(waiting.get()).code(), SCIMDB_CANCELLED);
}

TEST(the_log_is_taken) {
    const auto lines = std::make_shared<std::atomic<int>>(0);
    scimdb::set_log(5, [lines](std::int32_t level, std::string_view text) {
        if (level >= 1 && level <= 5 && !text.empty()) ++*lines;
    });
    const auto db = memory();
    CHECK_EQ(THROWN(db.tenant("nobody").get("User", "x")).code(), SCIMDB_UNKNOWN_TENANT);
    CHECK(comes([&] { return *lines > 0; }));
    CHECK_EQ(THROWN(scimdb::set_log(9, [lines](std::int32_t, std::string_view) {})).code(), SCIMDB_INVALID_ARGUMENT);
    scimdb::set_log(1, {});
    CHECK(comes([&] { return lines.use_count() == 1; }));
}

TEST(a_store_is_served) {
    const auto db = memory();
    // Set by test.sh, which knows what the library was built with.
    if (std::getenv("SCIMDB_WITHOUT_SERVER") != nullptr) {
        CHECK_EQ(THROWN((void)db.serve()).code(), SCIMDB_NOT_IMPLEMENTED);
        return;
    }
    auto server = db.serve(R"({"address":"127.0.0.1:0"})");
    CHECK(server.url().rfind("http://127.0.0.1:", 0) == 0);
    auto moved = std::move(server);
    moved.stop(1s);
    CHECK_EQ(THROWN(moved.url()).code(), SCIMDB_MISUSE);
    const auto dropped = db.serve();
    CHECK_EQ(THROWN((void)db.serve(R"({"adress":"127.0.0.1:0"})")).code(), SCIMDB_INVALID_ARGUMENT);
}
