// Runs the tests: all of them, or those whose names contain the argument.
#include "harness.hpp"

int main(int argc, char **argv) {
    int count = 0;
    for (const auto &[name, run] : tests()) {
        if (argc > 1 && std::string(name).find(argv[1]) == std::string::npos) continue;
        std::cout << name << std::endl;
        try {
            run();
        } catch (const std::exception &error) {
            fail(std::string("thrown: ") + error.what(), name, 0);
        }
        count++;
    }
    std::cout << count << " tests passed\n";
    return count > 0 ? 0 : 1;
}
