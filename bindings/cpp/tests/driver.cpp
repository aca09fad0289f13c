// The driver that the corpus is run through in C++: a request a line on stdin, an answer a line on stdout.
#include <nlohmann/json.hpp>
#include <scimdb.hpp>

#include <functional>
#include <iostream>
#include <map>

using Json = nlohmann::json;

namespace {

// What goes in is UTF-8; what comes out of a hostile body need not be, and the driver's answer must be JSON all the
// same.
std::string line_of(const Json &json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<scimdb::Store> store;

// A text of a request; what is null or missing is empty, which stands for nothing.
std::string text(const Json &request, const char *name) {
    const auto found = request.find(name);
    return found == request.end() || found->is_null() ? std::string() : found->get<std::string>();
}

// A value of a request as a text of JSON.
std::string json(const Json &request, const char *name) {
    const auto found = request.find(name);
    return found == request.end() || found->is_null() ? std::string() : found->dump();
}

scimdb::Tenant tenant(const Json &request) {
    return store.value().tenant(text(request, "tenant"));
}

Json answer(const std::string &json) {
    return {{"json", json}};
}

std::string of_base64(std::string_view encoded) {
    constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string bytes;
    unsigned bits = 0;
    int have = 0;
    for (const char letter : encoded.substr(0, encoded.find('='))) {
        bits = (bits << 6U | static_cast<unsigned>(letters.find(letter))) & 0xffffffU;
        have += 6;
        if (have >= 8) {
            have -= 8;
            bytes += static_cast<char>(bits >> have & 0xffU);
        }
    }
    return bytes;
}

Json handle(const Json &request) {
    scimdb::Request http = {text(request, "method"), text(request, "target"), {}, text(request, "body")};
    if (request.contains("body_base64")) http.body = of_base64(text(request, "body_base64"));
    for (const auto &header : request.value("headers", Json::array()))
        http.headers.emplace_back(header.at(0), header.at(1));
    const auto response = tenant(request).handle(http, json(request, "context"));
    Json headers = Json::object();
    for (const auto &[name, value] : response.headers)
        headers[name] = value;
    return {{"status", response.status}, {"headers", headers}, {"body", response.body}};
}

Json iterate(const Json &request) {
    Json rows = Json::array();
    for (const auto row : tenant(request).iterate(text(request, "type"), text(request, "request")))
        rows.push_back(row);
    return {{"json", rows}};
}

Json import(const Json &request) {
    auto import = tenant(request).import(json(request, "options"));
    for (const auto &chunk : request.at("chunks"))
        import.feed(chunk.get<std::string>());
    return answer(import.finish());
}

using Operation = std::function<Json(const Json &)>;

const std::map<std::string, Operation> operations = {
    {"hello", [](auto &) { return Json{{"language", "cpp"}, {"version", scimdb::version()}, {"kind", "binding"}}; }},
    {"open",
     [](auto &r) {
         store.reset();
         store.emplace(":memory:", json(r, "options"));
         return Json::object();
     }},
    {"tenant_create",
     [](auto &r) {
         store.value().create_tenant(text(r, "name"), json(r, "options"));
         return Json::object();
     }},
    {"tenant_drop",
     [](auto &r) {
         store.value().drop_tenant(text(r, "name"));
         return Json::object();
     }},
    {"schema_put",
     [](auto &r) {
         tenant(r).put_schemas(json(r, "documents"));
         return Json::object();
     }},
    {"create", [](auto &r) { return answer(tenant(r).create(text(r, "type"), text(r, "json"), json(r, "options"))); }},
    {"get", [](auto &r) { return answer(tenant(r).get(text(r, "type"), text(r, "id"), json(r, "options"))); }},
    {"replace",
     [](auto &r) {
         return answer(tenant(r).replace(text(r, "type"), text(r, "id"), text(r, "json"), json(r, "options")));
     }},
    {"patch",
     [](auto &r) {
         return answer(tenant(r).patch(text(r, "type"), text(r, "id"), text(r, "json"), json(r, "options")));
     }},
    {"delete",
     [](auto &r) {
         tenant(r).remove(text(r, "type"), text(r, "id"), json(r, "options"));
         return Json::object();
     }},
    {"search", [](auto &r) { return answer(tenant(r).search(text(r, "type"), text(r, "request"))); }},
    {"explain", [](auto &r) { return answer(tenant(r).explain(text(r, "type"), text(r, "request"))); }},
    {"iterate", iterate},
    {"bulk", [](auto &r) { return answer(tenant(r).bulk(text(r, "request"), json(r, "options"))); }},
    {"import", import},
    {"changes",
     [](auto &r) {
         const std::chrono::milliseconds wait(r.at("wait_ms").template get<int>());
         return answer(tenant(r).changes(r.at("since"), r.at("max"), wait));
     }},
    {"handle", handle},
    {"token_create", [](auto &r) { return answer(tenant(r).create_token(text(r, "name"), json(r, "options"))); }},
    {"authenticate", [](auto &r) { return answer(store.value().authenticate(text(r, "secret"))); }},
    {"stats", [](auto &) { return answer(store.value().stats()); }},
};

template <class Value> Json or_null(const std::optional<Value> &value) {
    return value ? Json(*value) : Json();
}

Json error_of(const scimdb::Error &error) {
    return {
        {"error",
         {{"code", error.code()},
          {"name", error.name()},
          {"status", error.status()},
          {"scimType", or_null(error.scim_type())},
          {"detail", error.detail()},
          {"attribute", or_null(error.attribute())},
          {"offset", or_null(error.offset())},
          {"retriable", error.is_retriable()}}}};
}

Json told(const Json &request) {
    const auto operation = operations.find(request.at("op"));
    if (operation == operations.end()) return {{"unsupported", true}};
    try {
        return {{"ok", operation->second(request)}};
    } catch (const scimdb::Error &error) {
        return error_of(error);
    }
}

} // namespace

int main() {
    for (std::string line; std::getline(std::cin, line);)
        std::cout << line_of(told(Json::parse(line))) << std::endl;
}
