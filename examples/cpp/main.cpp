// A small product that is provisioned: SCIM mounted in cpp-httplib, and a table of people of its own.
// `people --port PORT --data DIR [--people FILE]`, the token of the identity provider in SCIM_TOKEN.
#include "people.hpp"

#include <httplib.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <optional>

using Json = nlohmann::json;

namespace {

constexpr std::string_view domain = "@example.com";
constexpr const char *mount = "/scim/v2";
// One byte more than the endpoint reads: it answers 413 to a body that is longer.
constexpr std::size_t most_body = (std::size_t(1) << 20) + 1;

// Before a user is written: whoever is not of this company is refused, and who has no userType is an employee.
void before_write(std::string_view text, scimdb::Decision &decision) {
    const auto write = Json::parse(text);
    if (write.at("resourceType") != "User" || write.at("after").is_null()) return;
    const auto name = write["after"].value("userName", "");
    if (name.size() <= domain.size() || name.compare(name.size() - domain.size(), domain.size(), domain) != 0) {
        decision.refuse("userName must end in @example.com");
    } else if (!write["after"].contains("userType")) {
        decision.set(R"({"userType":"Employee"})");
    }
}

// Takes as long wherever the secrets differ.
bool is_equal(std::string_view sent, std::string_view secret) {
    unsigned differs = sent.size() != secret.size();
    for (std::size_t i = 0; i < secret.size(); i++) {
        differs |= static_cast<unsigned char>(secret[i] ^ (i < sent.size() ? sent[i] : '\0'));
    }
    return differs == 0;
}

// Answers what comes to the mount by the endpoint.
void provision(
    const scimdb::Tenant &tenant, const scimdb::Context &context, const httplib::Request &request,
    httplib::Response &response) {
    scimdb::Request scim = {request.method, request.target.substr(std::strlen(mount)), {}, request.body};
    if (scim.target.empty() || scim.target.front() == '?') scim.target.insert(0, "/");
    scim.headers.assign(request.headers.begin(), request.headers.end());
    const auto answer = tenant.handle(scim, context);
    response.status = answer.status;
    std::string type = "application/scim+json";
    for (const auto &[name, value] : answer.headers) {
        if (name == "content-type") {
            type = value;
        } else if (name != "content-length") {
            response.set_header(name, value);
        }
    }
    if (!answer.body.empty()) response.set_content(answer.body, type);
}

// The routes look at all of these as long as the server runs.
void route(
    httplib::Server &web, const scimdb::Store &store, const People &people, const std::string &token, int &port) {
    const auto scim = [&](const httplib::Request &request, httplib::Response &response) {
        if (!is_equal(request.get_header_value("Authorization"), "Bearer " + token)) {
            response.status = 401;
            response.set_header("WWW-Authenticate", "Bearer realm=\"SCIM\"");
            response.set_content(
                R"({"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"401"})",
                "application/scim+json");
            return;
        }
        scimdb::Context context;
        context.base = "http://127.0.0.1:" + std::to_string(port) + mount;
        context.actor = "the identity provider";
        provision(store.tenant(), context, request, response);
    };
    const std::string below = std::string(mount) + "(/.*)?";
    web.Get(below, scim).Post(below, scim).Put(below, scim).Patch(below, scim).Delete(below, scim);
    web.Get("/people", [&](const httplib::Request &, httplib::Response &response) {
        response.set_content(people.json(), "application/json");
    });
    web.set_payload_max_length(most_body);
}

std::optional<std::string> argument(int argc, char **argv, std::string_view name) {
    for (int i = 1; i + 1 < argc; i++) {
        if (argv[i] == name) return argv[i + 1];
    }
    return std::nullopt;
}

} // namespace

int main(int argc, char **argv) try {
    const auto wanted = argument(argc, argv, "--port"), data = argument(argc, argv, "--data");
    const char *token = std::getenv("SCIM_TOKEN");
    if (!wanted || !data || !token || !*token) {
        std::cerr << "usage: SCIM_TOKEN=... people --port PORT --data DIR [--people FILE]\n";
        return 2;
    }
    // Every thread leaves these to the wait below.
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    pthread_sigmask(SIG_BLOCK, &stop, nullptr);

    std::filesystem::create_directories(*data);
    scimdb::Store store(*data + "/store");
    scimdb::Hooks hooks;
    hooks.before_write = before_write;
    store.set_hooks(std::move(hooks));
    const People people(store, argument(argc, argv, "--people").value_or(*data + "/people.json"));
    httplib::Server web;
    int port = std::stoi(*wanted);
    const std::string secret = token;
    route(web, store, people, secret, port);
    if (port == 0) {
        port = web.bind_to_any_port("127.0.0.1");
    } else if (!web.bind_to_port("127.0.0.1", port)) {
        port = -1;
    }
    if (port <= 0) {
        std::cerr << "port " << *wanted << " cannot be listened on\n";
        return 1;
    }
    std::thread server([&] { web.listen_after_bind(); });
    std::cout << "listening on http://127.0.0.1:" << port << std::endl;
    int signal_number = 0;
    sigwait(&stop, &signal_number);
    web.stop();
    server.join();
} catch (const std::exception &error) {
    std::cerr << error.what() << '\n';
    return 1;
}
