// The table of people, kept in step by the change feed.
#include "people.hpp"

#include <algorithm>
#include <fstream>
#include <iostream>

using Json = nlohmann::json;
using namespace std::chrono_literals;

namespace {

Json row_of(const Json &user) {
    return {
        {"id", user.at("id")},
        {"userName", user.at("userName")},
        {"displayName", user.value("displayName", Json())},
        {"active", user.value("active", true)}};
}

} // namespace

People::People(const scimdb::Store &store, std::filesystem::path file)
    : store_(store), tenant_(store.tenant()), file_(std::move(file)) {
    read_all();
    follower_ = std::thread([this] { follow(); });
}

People::~People() {
    is_over_ = true;
    store_.interrupt();
    follower_.join();
}

// Takes over everything: at the start, and where the change feed does not reach back far enough.
void People::read_all() {
    // What changes while the users are read is in the feed from here on, and is taken over once more.
    const auto since = Json::parse(store_.stats()).at("sequence").get<std::uint64_t>();
    std::map<std::string, Json> rows;
    for (const auto json : tenant_.iterate("User")) {
        const auto user = Json::parse(json);
        rows[user.at("id")] = row_of(user);
    }
    const std::lock_guard guard(lock_);
    rows_ = std::move(rows);
    seen_ = since;
    write_file();
}

void People::follow() {
    while (!is_over_) {
        try {
            step();
        } catch (const std::exception &error) {
            // What failed is done again. At the end the wait for changes is cancelled.
            if (is_over_) return;
            std::cerr << "the table is behind: " << error.what() << std::endl;
            std::this_thread::sleep_for(500ms);
        }
    }
}

// Waits for changes, and takes them over.
void People::step() {
    Json feed;
    try {
        feed = Json::parse(tenant_.changes(seen_, 100, 500ms));
    } catch (const scimdb::Error &error) {
        if (error.code() != SCIMDB_OUT_OF_RANGE) throw;
        read_all();
        return;
    }
    const auto &changes = feed.at("changes");
    for (const auto &change : changes) {
        if (change.at("resourceType") == "User") refresh(change.at("id"));
    }
    if (!changes.empty()) {
        const std::lock_guard guard(lock_);
        write_file();
    }
    seen_ = feed.at("last");
}

// Takes over what the store says of a user, who may be gone.
void People::refresh(const std::string &id) {
    std::optional<Json> row;
    try {
        row = row_of(Json::parse(tenant_.get("User", id)));
    } catch (const scimdb::Error &error) {
        if (error.code() != SCIMDB_NOT_FOUND) throw;
    }
    const std::lock_guard guard(lock_);
    if (row) {
        rows_[id] = std::move(*row);
    } else {
        rows_.erase(id);
    }
}

// Whoever reads the file sees the table before a change or after it, and nothing between. The lock is held.
void People::write_file() const {
    Json rows = Json::array();
    for (const auto &[id, row] : rows_)
        rows.push_back(row);
    std::sort(
        rows.begin(), rows.end(), [](const Json &a, const Json &b) { return a.at("userName") < b.at("userName"); });
    const std::filesystem::path next = file_.string() + ".new";
    std::ofstream out(next);
    out.exceptions(std::ios::failbit | std::ios::badbit);
    out << rows << std::flush;
    out.close();
    std::filesystem::rename(next, file_);
}

std::string People::json() const {
    const std::lock_guard guard(lock_);
    std::ifstream in(file_);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}
