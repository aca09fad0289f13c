// Repositories of the host, which searches ask.
#include "harness.hpp"

#include <mutex>
#include <stdexcept>
#include <thread>

namespace {

constexpr const char *filter = "groups.value eq USG_FTEMP and usertype eq LDAP";

scimdb::SearchRequest everywhere() {
    scimdb::SearchRequest request;
    request.filter = filter;
    request.count = 7;
    request.search_repositories = true;
    return request;
}

// A tenant whose profile has repositories.
scimdb::Tenant acme(const scimdb::Store &db) {
    db.create_tenant("acme", R"({"profile":"activid"})");
    const auto tenant = db.tenant("acme");
    tenant.create("Group", R"({"id":"USG_FTEMP","displayName":"Full Time Employees"})");
    return tenant;
}

// A user of a directory elsewhere.
std::string known(const std::string &name, const Json &groups = {{{"value", "USG_FTEMP"}}}) {
    return Json{{"externalId", name}, {"userName", name}, {"userType", "LDAP"}, {"groups", groups}}.dump();
}

} // namespace

TEST(what_repositories_have_is_found) {
    auto db = memory();
    const auto tenant = acme(db);
    std::mutex lock;
    std::vector<Json> asked;
    db.set_repositories([&](std::string_view query, scimdb::Found &found) {
        found.add(known("ann"));
        // The store can be read meanwhile; and more than was asked for does no harm.
        CHECK_EQ(Json::parse(tenant.search("Group"))["totalResults"], 1);
        found.add(known("bob", Json::array()));
        const std::lock_guard<std::mutex> locked(lock);
        asked.push_back(Json::parse(query));
    });
    const auto page = Json::parse(tenant.search("User", everywhere()));
    CHECK_EQ(page["totalResults"], 1);
    CHECK_EQ(page["Resources"][0]["externalId"], "ann");
    const Json query = {{"tenant", "acme"}, {"resourceType", "User"}, {"filter", filter}, {"count", 7}};
    CHECK_EQ(asked, std::vector<Json>{query});
    const auto answer = tenant.handle({"POST", "/Users/.search", {}, everywhere().json()});
    CHECK_EQ(answer.status, 200);
    CHECK_EQ(Json::parse(answer.body)["totalResults"], 1);
    // They are not asked by what does not mean them.
    tenant.search("User");
    CHECK_EQ(asked.size(), 2U);
    std::vector<std::thread> threads;
    for (int number = 0; number < 8; number++) {
        threads.emplace_back([&] {
            for (int i = 0; i < 20; i++)
                CHECK_EQ(Json::parse(tenant.search("User", everywhere()))["totalResults"], 1);
        });
    }
    for (auto &thread : threads)
        thread.join();
    CHECK_EQ(asked.size(), 162U);
    db.set_repositories({});
    CHECK_EQ(Json::parse(tenant.search("User", everywhere()))["totalResults"], 0);
}

TEST(what_repositories_throw_fails_the_search) {
    auto db = memory();
    const auto tenant = acme(db);
    const auto failed = [&](scimdb::Repositories search) {
        db.set_repositories(std::move(search));
        const auto error = THROWN(tenant.search("User", everywhere()));
        CHECK_EQ(tenant.handle({"POST", "/Users/.search", {}, everywhere().json()}).status, error.status());
        return error;
    };
    const auto asleep = failed([](std::string_view, scimdb::Found &found) {
        found.add(known("ann"));
        found.fail("the directory is asleep \u9234\u6728");
        CHECK(found.is_failed());
    });
    CHECK_EQ(asleep.code(), SCIMDB_UNAVAILABLE);
    CHECK_EQ(asleep.detail(), "the directory is asleep \u9234\u6728");
    const auto late = failed([](std::string_view, scimdb::Found &) { throw scimdb::Error(504, "", "it is too late"); });
    CHECK_EQ(late.code(), SCIMDB_DEADLINE_EXCEEDED);
    CHECK_EQ(late.detail(), "it is too late");
    const auto broken = failed([](std::string_view, scimdb::Found &found) {
        found.add(known("ann"));
        throw std::runtime_error("the other table is gone");
    });
    CHECK_EQ(broken.status(), 500);
    CHECK_EQ(broken.detail(), "the other table is gone");
    CHECK_EQ(failed([](std::string_view, scimdb::Found &) { throw 5; }).status(), 500);
    // What is no text, no JSON, or no user.
    for (const char *resource : {"\xff", "no JSON", R"({"active":"maybe"})"}) {
        CHECK_EQ(failed([=](std::string_view, scimdb::Found &found) { found.add(resource); }).status(), 500);
    }
}

TEST(repositories_are_dropped_once) {
    const auto counted = std::make_shared<int>(0);
    const scimdb::Repositories search = [counted](std::string_view, scimdb::Found &) { ++*counted; };
    {
        auto db = memory();
        const auto tenant = acme(db);
        db.set_repositories(search);
        CHECK_EQ(counted.use_count(), 3);
        db.set_repositories(search);
        CHECK_EQ(counted.use_count(), 3);
        tenant.search("User", everywhere());
        CHECK_EQ(*counted, 1);
        db.set_repositories({});
        CHECK_EQ(counted.use_count(), 2);
        db.set_repositories(search);
    }
    CHECK_EQ(counted.use_count(), 2);
    auto closed = memory();
    closed.close();
    CHECK_EQ(THROWN(closed.set_repositories(search)).code(), SCIMDB_MISUSE);
    CHECK_EQ(counted.use_count(), 2);
}
