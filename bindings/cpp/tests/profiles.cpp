// What profiles bring: values that are encrypted, imports that are queued, erasure, permissions, versions of the API.
#include "harness.hpp"

#include <fstream>
#include <future>
#include <sstream>

using namespace std::chrono_literals;

namespace {

// Keys of 32 ones and 32 twos.
const scimdb::ValueKey key_1 = {"k1", "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="};
const scimdb::ValueKey key_2 = {"k2", "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI="};

constexpr const char *attribute_urn = "urn:hid:scim:api:idp:2.0:UserAttribute";
constexpr const char *device_urn = "urn:hid:scim:api:idp:2.0:UserDevice";

scimdb::TenantOptions activid() {
    scimdb::TenantOptions options;
    options.profile = "activid";
    return options;
}

scimdb::OpenOptions with_keys(const std::vector<scimdb::ValueKey> &keys) {
    scimdb::OpenOptions options;
    options.value_keys = keys;
    return options;
}

scimdb::ImportOptions queued(const std::string &actor) {
    scimdb::ImportOptions options;
    options.queue = true;
    options.actor = actor;
    return options;
}

// A user as the profile activid has them.
Json person(const std::string &number, const Json &more = Json::object()) {
    Json json = {{"externalId", "x" + number}, {"name", {{"givenName", "g" + number}, {"familyName", "f" + number}}}};
    json.update(more);
    return json;
}

// The day of birth of a user, which is encrypted.
Json day_of(const Json &user) {
    for (const auto &attribute : user[attribute_urn]["attributes"]) {
        if (attribute["name"] == "DOB") return attribute["value"];
    }
    return nullptr;
}

std::string make_group(const scimdb::Tenant &tenant) {
    tenant.create(
        "Group", R"({"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"All"})", with_id("all"));
    return "all";
}

} // namespace

TEST(a_life_in_the_profile_activid) {
    const Folder folder;
    const auto place = folder.path.string() + "/store", file = folder.path.string() + "/keys.json";
    std::string ann;
    {
        const scimdb::Store db(place, with_keys({key_1}));
        db.create_tenant("acme", activid());
        const auto tenant = db.tenant("acme");
        tenant.create("Group", R"({"id":"USG_FTEMP","displayName":"Full Time Employees"})");
        const Json born = {{attribute_urn, {{"attributes", {{{"name", "DOB"}, {"value", "2000-01-01"}}}}}}};
        const Json users = {person("1", born), person("2"), {{"externalId", "nameless"}}};
        std::stringstream body(Json{{"group", {{"value", "USG_FTEMP"}}}, {"users", users}}.dump());
        auto import = tenant.import(queued("a test"));
        import.feed(body);
        const auto id = Json::parse(import.finish())["correlationId"].get<std::string>();
        const auto job = Json::parse(tenant.job(id, 60s));
        CHECK_EQ(job["status"], "done");
        CHECK_EQ(job["imported"], 2);
        CHECK_EQ(job["failures"][0]["externalId"], "nameless");
        CHECK_EQ(job["actor"], "a test");
        CHECK_EQ(Json::parse(tenant.jobs())["jobs"], Json::array({job}));

        scimdb::SearchRequest request;
        request.filter = "externalId sw \"x\"";
        request.sort_by = "externalId";
        const auto found = Json::parse(tenant.search("User", request))["Resources"];
        CHECK_EQ(day_of(found[0]), "2000-01-01");
        CHECK_EQ(found[1]["groups"][0]["value"], "USG_FTEMP");
        ann = found[0]["id"];
        const std::string bob = found[1]["id"];
        CHECK_EQ(THROWN(tenant.forget("User", "x2")).code(), SCIMDB_IN_USE);
        tenant.remove("User", bob);
        scimdb::ForgetOptions officer;
        officer.actor = "the officer";
        CHECK_EQ(tenant.forget("User", "x2", officer), R"({"resources":1})");
        CHECK_EQ(THROWN(tenant.forget("User", "x2")).code(), SCIMDB_NOT_FOUND);
        const auto changes = tenant.changes(0);
        CHECK(changes.find('"' + bob + '"') == changes.npos && changes.find("the officer") != changes.npos);

        const auto secret_of = [](const std::string &token) { return Json::parse(token)["secret"].get<std::string>(); };
        const auto secret = secret_of(tenant.create_token("idp"));
        const auto renewed = secret_of(tenant.regenerate_token("idp"));
        CHECK_EQ(THROWN(db.authenticate(secret)).code(), SCIMDB_UNAUTHENTICATED);
        CHECK_EQ(Json::parse(db.authenticate(renewed))["name"], "idp");
        CHECK_EQ(THROWN(tenant.regenerate_token("nobody")).code(), SCIMDB_NOT_FOUND);
    }
    {
        std::ofstream(file) << Json{{"keys", {Json::parse(key_2.json()), Json::parse(key_1.json())}}};
        std::filesystem::permissions(file, std::filesystem::perms::owner_read);
        scimdb::OpenOptions options;
        options.value_keys_file = file;
        const scimdb::Store db(place, options);
        CHECK_EQ(db.rotate_value_keys(), R"({"rewritten":1})");
        CHECK_EQ(db.rotate_value_keys(), R"({"rewritten":0})");
    }
    const scimdb::Store db(place, with_keys({key_2}));
    const auto tenant = db.tenant("acme");
    CHECK_EQ(day_of(Json::parse(tenant.get("User", ann))), "2000-01-01");
    // Its values are in use, unless that does not count.
    scimdb::WriteOptions force;
    CHECK_EQ(THROWN(tenant.remove("UserAttributeType", "DOB", force)).code(), SCIMDB_IN_USE);
    force.force = true;
    tenant.remove("UserAttributeType", "DOB", force);
}

TEST(keys_that_are_none_are_refused_and_not_told) {
    const auto wrong = THROWN(scimdb::Store(":memory:", with_keys({{"k1", "AQEBAQEB"}})));
    CHECK_EQ(wrong.code(), SCIMDB_INVALID_ARGUMENT);
    CHECK(wrong.detail().find("AQEB") == std::string::npos);
    auto both = with_keys({key_1});
    both.value_keys_file = "keys.json";
    CHECK_EQ(THROWN(scimdb::Store(":memory:", both)).code(), SCIMDB_INVALID_ARGUMENT);
    CHECK_EQ(THROWN(memory().rotate_value_keys()).code(), SCIMDB_INVALID_ARGUMENT);
}

TEST(what_is_queued_is_there_as_a_whole_or_not_at_all) {
    const auto db = memory();
    const auto tenant = db.tenant();
    const auto body =
        Json{{"group", {{"value", make_group(tenant)}}}, {"users", {Json::parse(user("zo\u00eb"))}}}.dump();
    auto import = tenant.import(queued("hr"));
    for (const char byte : body)
        import.feed(std::string_view(&byte, 1));
    const auto id = Json::parse(import.finish())["correlationId"].get<std::string>();
    CHECK_EQ(Json::parse(tenant.job(id, 60s))["imported"], 1);
    {
        auto given_up = tenant.import(queued("hr"));
        given_up.feed(body);
    }
    auto broken = tenant.import(queued("hr"));
    broken.feed(std::string_view(body).substr(0, body.size() - 1));
    CHECK_EQ(THROWN(broken.finish()).code(), SCIMDB_INVALID_SYNTAX);
    auto nowhere = tenant.import(queued("hr"));
    const auto error = THROWN(nowhere.feed(R"({"group":{"value":"nobody"},"users":[]})"); nowhere.finish());
    CHECK_EQ(error.code(), SCIMDB_INVALID_VALUE);
    CHECK_EQ(error.attribute().value(), "group.value");
    CHECK_EQ(THROWN(tenant.import(R"({"queue":true,"restore":true})")).code(), SCIMDB_INVALID_ARGUMENT);
    CHECK_EQ(THROWN(tenant.job("1P5FOESDK44J6Q0QAHK2")).code(), SCIMDB_NOT_FOUND);
    CHECK_EQ(Json::parse(tenant.jobs())["jobs"].size(), 1U);
}

TEST(a_wait_for_an_import_ends) {
    auto db = memory();
    const auto tenant = db.tenant();
    const auto group = make_group(tenant);
    std::promise<void> released;
    const auto release = released.get_future().share();
    scimdb::Hooks hooks;
    hooks.before_write = [release](std::string_view, scimdb::Decision &) { release.wait(); };
    db.set_hooks(std::move(hooks));
    auto import = tenant.import(queued("hr"));
    import.feed(Json{{"group", { { "value", group } }}, { "users", { Json::parse(user("ann")) } }}.dump());
    const auto id = Json::parse(import.finish())["correlationId"].get<std::string>();
    CHECK_EQ(Json::parse(tenant.job(id))["status"], "importing");
    CHECK_EQ(Json::parse(tenant.job(id, -1ms))["status"], "importing");
    CHECK_EQ(Json::parse(tenant.job(id, 1ms))["status"], "importing");
    // More than the library counts.
    const auto long_wait = std::chrono::milliseconds(std::int64_t{1} << 32);
    auto waiting = std::async(std::launch::async, [&] { return tenant.job(id, long_wait); });
    while (waiting.wait_for(5ms) == std::future_status::timeout)
        db.interrupt();
    CHECK_EQ(THROWN(waiting.get()).code(), SCIMDB_CANCELLED);
    waiting = std::async(std::launch::async, [&] { return tenant.job(id, 600s); });
    released.set_value();
    CHECK_EQ(Json::parse(waiting.get())["imported"], 1);
    using scimdb::detail::seconds_of;
    CHECK_EQ(seconds_of(1ms), "0.001");
    CHECK_EQ(seconds_of(61020ms), "61.020");
}

TEST(tokens_and_callers_are_limited_to_permissions) {
    const auto db = memory();
    db.create_tenant("acme", activid());
    const auto tenant = db.tenant("acme");
    scimdb::TokenOptions token;
    token.permissions = {"Read reference data"};
    const auto secret = Json::parse(tenant.create_token("idp", token))["secret"].get<std::string>();
    CHECK_EQ(Json::parse(db.authenticate(secret))["permissions"], token.permissions);
    CHECK_EQ(Json::parse(tenant.tokens())["tokens"][0]["permissions"], token.permissions);
    scimdb::Context context;
    CHECK_EQ(tenant.handle({"GET", "/Users", {}, ""}, context).status, 200);
    context.permissions = token.permissions;
    CHECK_EQ(tenant.handle({"GET", "/Users", {}, ""}, context).status, 403);
    token.permissions = {"whatever"};
    CHECK_EQ(THROWN(tenant.create_token("x", token)).code(), SCIMDB_INVALID_ARGUMENT);
}

TEST(versions_of_the_api_show_what_they_have) {
    const auto db = memory();
    db.create_tenant("acme", activid());
    const auto tenant = db.tenant("acme");
    scimdb::WriteOptions write;
    write.api_version = 2;
    const Json devices = {{device_urn, {{"devices", {{{"value", "1"}, {"friendlyName", "mine"}}}}}}};
    const auto made = Json::parse(tenant.create("User", person("1", devices).dump(), write));
    CHECK_EQ(made[device_urn]["devices"][0]["friendlyName"], "mine");
    scimdb::ReadOptions read;
    read.api_version = 1;
    const auto before = Json::parse(tenant.get("User", made["id"].get<std::string>(), read))[device_urn]["devices"][0];
    CHECK(before["value"] == "1" && !before.contains("friendlyName"));
    const auto id = made["id"].get<std::string>();
    const std::string path = std::string(device_urn) + ":devices[value eq \"1\"].friendlyName";
    const Json change = {{"op", "replace"}, {"path", path}, {"value", "yours"}};
    const Json operation = {{"method", "PATCH"}, {"path", "/Users/" + id}, {"data", {{"Operations", {change}}}}};
    const Json request = {
        {"schemas", {"urn:ietf:params:scim:api:messages:2.0:BulkRequest"}}, {"Operations", Json::array({operation})}};
    for (const auto &[version, name] : {std::pair{1U, "mine"}, std::pair{2U, "yours"}}) {
        scimdb::BulkOptions bulk;
        bulk.api_version = version;
        tenant.bulk(request.dump(), bulk);
        read.api_version = 2;
        CHECK_EQ(Json::parse(tenant.get("User", id, read))[device_urn]["devices"][0]["friendlyName"], name);
    }
}

TEST(what_another_profile_would_refuse_is_told) {
    const auto db = memory();
    const auto tenant = db.tenant();
    tenant.create("User", user("ann"), with_id("a1"));
    CHECK_EQ(Json::parse(tenant.check_profile())["refused"], 0);
    const auto report = Json::parse(tenant.check_profile("activid"));
    CHECK_EQ(report["profile"], "activid");
    CHECK_EQ(report["refused"], 1);
    CHECK_EQ(report["findings"][0]["id"], "a1");
    CHECK_EQ(Json::parse(tenant.check_profile(R"({"name":"own"})"))["profile"], "own");
    CHECK_EQ(THROWN(tenant.check_profile("nonsense")).code(), SCIMDB_INVALID_ARGUMENT);
}
