// The product's own table of people, beside its SCIM endpoint.
#ifndef PEOPLE_HPP
#define PEOPLE_HPP

#include <nlohmann/json.hpp>
#include <scimdb.hpp>

#include <atomic>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <thread>

// Rows by id, which a thread keeps in step with the store by its change feed; and a file of them, replaced after every
// change.
class People {
public:
    // Makes the table from the users of a tenant, and follows it from then on.
    People(const scimdb::Store &store, std::filesystem::path file);
    People(const People &) = delete;
    People &operator=(const People &) = delete;
    ~People();

    // The table as a JSON array, sorted by userName.
    std::string json() const;

private:
    void read_all();
    void follow();
    void step();
    void refresh(const std::string &id);
    void write_file() const;

    const scimdb::Store &store_;
    scimdb::Tenant tenant_;
    std::filesystem::path file_;
    mutable std::mutex lock_;
    std::map<std::string, nlohmann::json> rows_;
    std::uint64_t seen_ = 0;
    std::atomic<bool> is_over_{false};
    std::thread follower_;
};

#endif
