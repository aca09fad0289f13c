// The README's examples, as they stand there: test.sh has taken each out into a file of its own.
#include "harness.hpp"

namespace {

bool is_allowed(const Json &user) { return user["userName"] != "eve"; }

void set_hooks(scimdb::Store &store) {
#include "readme-hooks.inc"
}

bool is_awake() { return true; }

scimdb::SearchRequest set_repositories(scimdb::Store &store) {
#include "readme-repositories.inc"
    return request;
}

Json queue(const scimdb::Store &store) {
#include "readme-queue.inc"
    return job;
}

void open_with(const std::string &key) {
#include "readme-keys.inc"
    CHECK_EQ(store.rotate_value_keys(), R"({"rewritten":0})");
}

} // namespace

TEST(the_hooks_of_the_readme_let_everything_else_be) {
    auto db = memory();
    const auto tenant = db.tenant();
    set_hooks(db);
    const auto refused = THROWN(tenant.create("User", user("eve")));
    CHECK_EQ(refused.code(), SCIMDB_INVALID_VALUE);
    const auto ann = Json::parse(tenant.create("User", user("ann")));
    CHECK_EQ(ann["userType"], "Employee");
    const auto staff = Json::parse(
        tenant.create("Group", R"({"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"staff"})"));
    for (const auto &[type, made] : {std::pair{"User", ann}, std::pair{"Group", staff}}) {
        const std::string id = made["id"];
        tenant.patch(type, id, R"({"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations":[{"op":"replace","path":"displayName","value":"other"}]})");
        tenant.remove(type, id);
    }
}

TEST(the_repositories_of_the_readme_are_asked) {
    auto db = memory();
    const auto request = set_repositories(db);
    db.create_tenant("acme", R"({"profile":"activid"})");
    const auto page = Json::parse(db.tenant("acme").search("User", request));
    CHECK_EQ(page["Resources"][0]["externalId"], "ann");
}

TEST(the_import_of_the_readme_is_carried_out) {
    const auto db = memory();
    db.tenant().create(
        "Group", R"({"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"all"})", with_id("all"));
    const auto job = queue(db);
    CHECK(job["status"] == "done" && job["imported"] == 2);
}

TEST(the_keys_of_the_readme_open_a_store) {
    const Folder folder;
    std::filesystem::current_path(folder.path);
    open_with("AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=");
    std::filesystem::current_path(folder.path.parent_path());
}
