// A program of its own: the header says that its ABI is one that the library does not have.
#include <scimdb.h>

#undef SCIMDB_ABI_VERSION
#define SCIMDB_ABI_VERSION 1000000

#include "harness.hpp"

int main() {
    const auto error = THROWN(memory());
    CHECK_EQ(error.name(), "NOT_IMPLEMENTED");
    CHECK(error.detail().find("1000000") != std::string::npos);
    CHECK(error.code() == SCIMDB_NOT_IMPLEMENTED && error.status() == 501);
}
