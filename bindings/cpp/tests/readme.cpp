// The README's example of hooks, as it stands there: test.sh has taken it out into readme-hooks.inc.
#include "harness.hpp"

namespace {

bool is_allowed(const Json &user) { return user["userName"] != "eve"; }

void set_hooks(scimdb::Store &store) {
#include "readme-hooks.inc"
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
