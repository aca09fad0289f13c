// Stores, resources, searches, imports, administration: what goes in and comes out, and who owns what.
#include "harness.hpp"

#include <algorithm>
#include <sstream>
#include <thread>
#include <type_traits>

static_assert(std::is_nothrow_move_constructible_v<scimdb::Store> && !std::is_copy_constructible_v<scimdb::Store>);
static_assert(
    std::is_nothrow_move_assignable_v<scimdb::Store> && std::is_nothrow_move_constructible_v<scimdb::Iterator>);
static_assert(std::is_nothrow_move_constructible_v<scimdb::Import> && !std::is_copy_constructible_v<scimdb::Import>);
static_assert(std::is_nothrow_move_constructible_v<scimdb::Subscription>);
static_assert(std::is_nothrow_move_constructible_v<scimdb::Server>);
static_assert(std::is_nothrow_copy_constructible_v<scimdb::Error>);

TEST(a_resource_lives) {
    const auto db = memory();
    const auto tenant = db.tenant();
    const auto ann = Json::parse(tenant.create("User", user("ann", {{"title", "Dr"}}), with_id("a1")));
    CHECK_EQ(ann["id"], "a1");
    scimdb::ReadOptions some;
    some.attributes = {"title"};
    CHECK(!Json::parse(tenant.get("User", "a1", some)).contains("userName"));
    // Options may be a text of JSON as well.
    CHECK(!Json::parse(tenant.get("User", "a1", R"({"excludedAttributes":["title"]})")).contains("title"));
    scimdb::WriteOptions match;
    match.if_match = ann["meta"]["version"].get<std::string>();
    CHECK_EQ(Json::parse(tenant.replace("User", "a1", user("ann", {{"title", "Prof"}}), match))["title"], "Prof");
    CHECK_EQ(THROWN(tenant.remove("User", "a1", match)).code(), SCIMDB_VERSION_MISMATCH);
    const Json patch = {
        {"schemas", {"urn:ietf:params:scim:api:messages:2.0:PatchOp"}},
        {"Operations", {{{"op", "replace"}, {"path", "displayName"}, {"value", "\u00c9va \U0001f469"}}}}};
    CHECK_EQ(Json::parse(tenant.patch("User", "a1", patch.dump()))["displayName"], "\u00c9va \U0001f469");
    tenant.remove("User", "a1");
    CHECK_EQ(THROWN(tenant.get("User", "a1")).code(), SCIMDB_NOT_FOUND);
}

TEST(an_error_tells_everything) {
    const auto db = memory();
    const auto tenant = db.tenant();
    tenant.create("User", user("ann"));
    const auto taken = THROWN(tenant.create("User", user("ANN")));
    CHECK_EQ(taken.code(), SCIMDB_UNIQUENESS);
    CHECK_EQ(taken.name(), "UNIQUENESS");
    CHECK_EQ(taken.status(), 409);
    CHECK_EQ(taken.scim_type().value(), "uniqueness");
    CHECK_EQ(taken.attribute().value(), "userName");
    CHECK(!taken.offset() && !taken.is_retriable());
    CHECK_EQ(std::string(taken.what()), taken.detail());
    CHECK_EQ(Json::parse(taken.json())["status"], "409");
    scimdb::SearchRequest wrong;
    wrong.filter = "userName eq";
    const auto filter = THROWN(tenant.search("User", wrong));
    CHECK_EQ(filter.offset().value(), 11U);
    CHECK(!filter.attribute());
    CHECK_EQ(THROWN(db.tenant("nobody").get("User", "x")).code(), SCIMDB_UNKNOWN_TENANT);
    CHECK_EQ(THROWN(tenant.get("User", "\xff")).code(), SCIMDB_MISUSE);
    CHECK_EQ(THROWN(scimdb::Store(":memory:", R"({"cacheByte":1})")).code(), SCIMDB_INVALID_ARGUMENT);
}

TEST(options_are_written_as_json) {
    scimdb::SearchRequest request;
    request.filter = "userName eq \"a\\b\"\n\x01";
    request.count = -1;
    request.attributes = {"id", "meta.location"};
    CHECK_EQ(
        Json::parse(request.json()),
        (Json{{"filter", *request.filter}, {"count", -1}, {"attributes", request.attributes}}));
    CHECK_EQ(scimdb::OpenOptions().json(), "{}");
    scimdb::OpenOptions open;
    open.create = false;
    open.cache_bytes = 1U << 20U;
    open.index = R"({"enabled":false})";
    CHECK_EQ(
        Json::parse(open.json()), Json::parse(R"({"create":false,"cacheBytes":1048576,"index":{"enabled":false}})"));
    const scimdb::Store db(":memory:", open);
    open = {};
    open.value_keys = {{"k2", "B"}, {"k1", "A"}};
    CHECK_EQ(open.json(), R"({"valueKeys":[{"id":"k2","key":"B"},{"id":"k1","key":"A"}]})");
}

TEST(a_store_is_moved_and_closed) {
    const Folder folder;
    scimdb::Store db(folder.path.string());
    db.tenant().create("User", user("ann"), with_id("a1"));
    CHECK_EQ(THROWN(scimdb::Store(folder.path.string())).code(), SCIMDB_LOCKED);
    scimdb::Store moved(std::move(db));
    const auto tenant = moved.tenant();
    CHECK_EQ(Json::parse(tenant.get("User", "a1"))["userName"], "ann");
    moved.close();
    moved.close();
    CHECK_EQ(THROWN(tenant.get("User", "a1")).code(), SCIMDB_MISUSE);
    CHECK_EQ(THROWN(moved.stats()).code(), SCIMDB_MISUSE);
    CHECK_EQ(THROWN(moved.interrupt()).code(), SCIMDB_MISUSE);
    // Assigned to, it is open again; and what an object held before is closed.
    moved = scimdb::Store(folder.path.string());
    CHECK_EQ(Json::parse(moved.tenant().get("User", "a1"))["userName"], "ann");
    moved = memory();
    const scimdb::Store again(folder.path.string());
}

TEST(what_is_found_is_a_range) {
    auto db = memory();
    const auto tenant = db.tenant();
    for (int i = 0; i < 20; i++)
        tenant.create("User", user("user" + std::to_string(100 + i)));
    scimdb::SearchRequest request;
    request.sort_by = "userName";
    int count = 0;
    for (const std::string_view json : tenant.iterate("User", request)) {
        CHECK_EQ(Json::parse(json)["userName"], "user" + std::to_string(100 + count));
        count++;
    }
    CHECK_EQ(count, 20);
    for (const auto json : tenant.iterate("")) {
        CHECK(!json.empty());
        break;
    }
    auto given_up = tenant.iterate("User");
    CHECK(given_up.next().has_value());
    auto moved = std::move(given_up);
    CHECK(moved.next().has_value());
    auto lines = tenant.iterate("User", request);
    const auto three = lines.next_many(3);
    CHECK_EQ(std::count(three.begin(), three.end(), '\n'), 3);
    const auto rest = lines.next_many();
    CHECK_EQ(std::count(rest.begin(), rest.end(), '\n'), 17);
    CHECK(lines.next_many().empty() && !lines.next());
    request.count = 5;
    request.start_index = 3;
    const auto page = Json::parse(tenant.search("User", request));
    CHECK_EQ(page["totalResults"], 20);
    CHECK_EQ(page["Resources"].size(), 5U);
    CHECK(Json::parse(tenant.explain("User", R"({"filter":"userName pr"})")).is_object());
    CHECK_EQ(Json::parse(tenant.search(""))["totalResults"], 20);
    db.close();
    const auto code = THROWN(moved.next()).code();
    CHECK(code == SCIMDB_MISUSE || code == SCIMDB_UNAVAILABLE);
}

TEST(imports_take_what_there_is) {
    const auto db = memory();
    const auto tenant = db.tenant();
    scimdb::ImportOptions options;
    options.resource_type = "User";
    std::stringstream stream;
    const std::vector<std::string> rows = {
        R"({"id":"u1","userName":"ann"})", R"({"id":"u2","userName":"ann"})", "no JSON"};
    for (const auto &row : rows)
        stream << row << '\n';
    auto import = tenant.import(options);
    import.feed(stream);
    auto moved = std::move(import);
    const auto report = Json::parse(moved.finish());
    CHECK_EQ(report["created"], 1);
    CHECK_EQ(report["rejected"], 2);
    CHECK_EQ(THROWN(moved.feed("{}")).code(), SCIMDB_MISUSE);
    options.on_conflict = "skip";
    CHECK_EQ(Json::parse(tenant.import_rows(rows, options))["skipped"], 2);
    {
        auto dropped = tenant.import(options);
        dropped.feed(R"({"userName":"eve"})");
    }
    CHECK_EQ(Json::parse(tenant.search("User"))["totalResults"], 1);
}

TEST(requests_are_answered) {
    const auto db = memory();
    scimdb::Context context;
    context.base = "https://id.example.com/scim/v2";
    context.actor = "check";
    const auto made =
        db.tenant().handle({"POST", "/Users", {{"Content-Type", "application/scim+json"}}, user("ann")}, context);
    CHECK_EQ(made.status, 201);
    std::string location;
    for (const auto &[name, value] : made.headers) {
        if (name == "location") location = value;
    }
    CHECK_EQ(Json::parse(made.body)["meta"]["location"], location);
    const auto missing = db.tenant().handle({"GET", "/Users/none", {}, ""});
    CHECK_EQ(missing.status, 404);
    CHECK_EQ(Json::parse(missing.body)["status"], "404");
    CHECK_EQ(THROWN(db.tenant().handle({"GET", "/Users", {}, ""}, R"({"bas":""})")).code(), SCIMDB_INVALID_ARGUMENT);
    using scimdb::detail::headers_of;
    const scimdb::Headers expected = {{"a", "x \"y\" \\ \t \x1f"}, {"b", ""}};
    CHECK_EQ(headers_of(R"({ "a" : "x \"y\" \\ \t \u001f", "b":"" })"), expected);
    CHECK(headers_of("{}").empty());
}

TEST(a_store_is_administered) {
    const Folder folder;
    scimdb::Store db(folder.path.string() + "/store");
    scimdb::TenantOptions options;
    options.profile = "entra";
    db.create_tenant("acme", options);
    db.configure_tenant("acme", R"({"profile":"okta"})");
    const auto acme = db.tenant("acme");
    CHECK_EQ(acme.name(), "acme");
    CHECK_EQ(Json::parse(db.tenants())["tenants"].size(), 2U);
    scimdb::TokenOptions token;
    token.scope = "read";
    token.lifetime_seconds = 60;
    const auto secret = Json::parse(acme.create_token("okta", token))["secret"].get<std::string>();
    CHECK_EQ(Json::parse(db.authenticate(secret))["tenant"], "acme");
    CHECK_EQ(Json::parse(acme.tokens())["tokens"][0]["name"], "okta");
    acme.revoke_token("okta");
    CHECK_EQ(THROWN(db.authenticate(secret)).code(), SCIMDB_UNAUTHENTICATED);
    CHECK(!Json::parse(acme.schemas())["resourceTypes"].empty());
    const Json attribute = {{"name", "plate"}, {"type", "string"}, {"multiValued", false}};
    const Json documents = {
        {{"schemas", {"urn:ietf:params:scim:schemas:core:2.0:Schema"}},
         {"id", "urn:example:Car"},
         {"attributes", {attribute}}},
        {{"schemas", {"urn:ietf:params:scim:schemas:core:2.0:ResourceType"}},
         {"name", "Car"},
         {"endpoint", "/Cars"},
         {"schema", "urn:example:Car"}}};
    acme.put_schemas(documents.dump());
    acme.create("Car", R"({"schemas":["urn:example:Car"],"plate":"B-1"})");
    CHECK_EQ(THROWN(acme.remove_schema("Car")).code(), SCIMDB_IN_USE);
    const Json bulk = {
        {"schemas", {"urn:ietf:params:scim:api:messages:2.0:BulkRequest"}},
        {"Operations",
         {{{"method", "POST"}, {"path", "/Users"}, {"bulkId", "a"}, {"data", Json::parse(user("ann"))}}}}};
    CHECK_EQ(Json::parse(acme.bulk(bulk.dump()))["Operations"][0]["status"], "201");
    acme.create("User", user("bob", {{"password", "correct horse"}}), with_id("b1"));
    CHECK(acme.verify_password("User", "b1", "correct horse") && !acme.verify_password("User", "b1", "wrong"));
    CHECK(Json::parse(db.stats()).is_object());
    CHECK(Json::parse(db.check())["problems"].empty());
    db.compact();
    db.backup(folder.path.string() + "/copy");
    const scimdb::Store copy(folder.path.string() + "/copy");
    CHECK_EQ(Json::parse(copy.tenant("acme").search("User"))["totalResults"], 2);
    db.drop_tenant("acme");
    CHECK_EQ(THROWN(acme.get("User", "x")).code(), SCIMDB_UNKNOWN_TENANT);
    CHECK_EQ(scimdb::version(), "0.1.0");
}

TEST(threads_share_a_store) {
    const auto db = memory();
    std::vector<std::thread> threads;
    for (int number = 0; number < 8; number++) {
        threads.emplace_back([&db, number] {
            const auto tenant = db.tenant();
            for (int i = 0; i < 20; i++) {
                const std::string id = std::to_string(number) + "-" + std::to_string(i);
                tenant.create("User", user(id), with_id(id));
                CHECK_EQ(Json::parse(tenant.get("User", id))["userName"], id);
            }
        });
    }
    for (auto &thread : threads)
        thread.join();
    CHECK_EQ(Json::parse(db.tenant().search("User"))["totalResults"], 160);
}
