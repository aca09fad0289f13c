// What a get and a search cost through the C++ wrapper: `bench USERS.ndjson`.
// Opens a store in memory, imports the file, and prints one line of JSON: the medians, over batches of 500 calls, of
// nanoseconds per call.
#include <nlohmann/json.hpp>
#include <scimdb.hpp>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iostream>

namespace {

constexpr int batch = 500, gets = 100'000, searches = 20'000, warm_up = 2'000;

// Makes so many calls, of all texts in turn; the median of nanoseconds per call.
template <class Call> long measure(int calls, const std::vector<std::string> &texts, Call &&call) {
    using Clock = std::chrono::steady_clock;
    std::vector<double> batches;
    std::size_t at = 0;
    for (int done = -warm_up; done < calls; done += batch) {
        const auto begun = Clock::now();
        for (int i = 0; i < batch; i++) {
            call(texts[at]);
            at = at + 1 == texts.size() ? 0 : at + 1;
        }
        const std::chrono::duration<double, std::nano> took = Clock::now() - begun;
        if (done >= 0) batches.push_back(took.count() / batch);
    }
    std::nth_element(batches.begin(), batches.begin() + static_cast<long>(batches.size() / 2), batches.end());
    return std::lround(batches[batches.size() / 2]);
}

} // namespace

int main(int argc, char **argv) {
    std::ifstream file(argc == 2 ? argv[1] : "");
    if (!file) {
        std::cerr << "usage: bench USERS.ndjson\n";
        return 2;
    }
    const scimdb::Store db(":memory:");
    const auto tenant = db.tenant();
    auto import = tenant.import(R"({"resourceType":"User"})");
    std::vector<std::string> ids, requests;
    for (std::string line; std::getline(file, line);) {
        const auto row = nlohmann::json::parse(line);
        import.feed(line);
        import.feed("\n");
        ids.push_back(row.at("id"));
        scimdb::SearchRequest request;
        request.filter = "userName eq " + row.at("userName").dump();
        request.count = 1;
        requests.push_back(request.json());
    }
    import.finish();
    const auto get = measure(gets, ids, [&](const std::string &id) { return tenant.get("User", id); });
    const auto search =
        measure(searches, requests, [&](const std::string &request) { return tenant.search("User", request); });
    std::cout << R"({"language":"cpp","get_ns":)" << get << R"(,"search_ns":)" << search << "}\n";
}
