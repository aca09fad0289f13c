/* Runs the tests: all of them, or those whose names contain the argument; with a dash before it, those that do not. */
#include "harness.h"

extern const struct test life_tests[], endpoint_tests[], resource_tests[], text_tests[], misuse_tests[],
    argument_tests[], query_tests[], import_tests[], change_tests[], hook_tests[], admin_tests[], operator_tests[],
    thread_tests[], fork_tests[], job_tests[], product_tests[], serve_tests[], serverless_tests[];

static bool is_asked_for(const char *name, const char *part) {
    return part == NULL || (part[0] == '-' ? strstr(name, part + 1) == NULL : strstr(name, part) != NULL);
}

int main(int argc, char **argv) {
    /* Set by test.sh, which knows what the library was built with. */
    const struct test *const serving = getenv("SCIMDB_WITHOUT_SERVER") == NULL ? serve_tests : serverless_tests;
    const struct test *const lists[] = {life_tests,     endpoint_tests, resource_tests, text_tests,   misuse_tests,
                                        argument_tests, query_tests,    import_tests,   change_tests, hook_tests,
                                        admin_tests,    operator_tests, thread_tests,   fork_tests,   job_tests,
                                        product_tests,  serving};
    int count = 0;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        for (const struct test *test = lists[i]; test->name != NULL; test++) {
            if (is_asked_for(test->name, argc > 1 ? argv[1] : NULL)) {
                printf("%s\n", test->name);
                fflush(stdout);
                test->run();
                count++;
            }
        }
    }
    printf("%d tests passed\n", count);
    return count > 0 ? 0 : 1;
}
