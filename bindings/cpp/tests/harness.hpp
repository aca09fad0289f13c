// What the tests of the C++ wrapper share: checks that say where they failed, and names of tests.
#ifndef HARNESS_HPP
#define HARNESS_HPP

#include <nlohmann/json.hpp>
#include <scimdb.hpp>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include <unistd.h>

using Json = nlohmann::json;

struct Test {
    const char *name;
    void (*run)();
};

inline std::vector<Test> &tests() {
    static std::vector<Test> all;
    return all;
}

struct Registered {
    Registered(const char *name, void (*run)()) { tests().push_back({name, run}); }
};

#define TEST(name)                                                                                                     \
    static void name();                                                                                                \
    static const Registered registered_##name(#name, name);                                                            \
    static void name()

[[noreturn]] inline void fail(const std::string &what, const char *file, int line) {
    std::cerr << what << "\n  at " << file << ':' << line << '\n';
    std::_Exit(1);
}

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) fail("not so: " #condition, __FILE__, __LINE__);                                             \
    } while (false)

template <class A, class B>
void check_equal(const A &actual, const B &expected, const char *what, const char *file, int line) {
    if (!(actual == expected)) {
        fail(std::string(what) + " is " + Json(actual).dump() + ", not " + Json(expected).dump(), file, line);
    }
}

#define CHECK_EQ(actual, expected) check_equal((actual), (expected), #actual, __FILE__, __LINE__)

// Makes a call that must throw a scimdb::Error, and gives it.
template <class Call> scimdb::Error thrown(Call &&call, const char *file, int line) {
    try {
        call();
    } catch (const scimdb::Error &error) {
        return error;
    }
    fail("nothing was thrown", file, line);
}

#define THROWN(...) thrown([&] { __VA_ARGS__; }, __FILE__, __LINE__)

inline std::string user(const std::string &user_name, const Json &more = Json::object()) {
    Json json = {{"schemas", {"urn:ietf:params:scim:schemas:core:2.0:User"}}, {"userName", user_name}};
    json.update(more);
    return json.dump();
}

inline scimdb::WriteOptions with_id(const std::string &id) {
    scimdb::WriteOptions options;
    options.id = id;
    return options;
}

// A new folder, which goes with the object.
struct Folder {
    std::filesystem::path path;
    Folder() : path((std::filesystem::temp_directory_path() / "scimdb-check-XXXXXX").string()) {
        std::string name = path.string();
        CHECK(mkdtemp(name.data()) != nullptr);
        path = name;
    }
    Folder(const Folder &) = delete;
    Folder &operator=(const Folder &) = delete;
    ~Folder() { std::filesystem::remove_all(path); }
};

inline scimdb::Store memory() {
    return scimdb::Store(":memory:");
}

#endif
