// CUDA's libraries, loaded when one of their functions is first called: a program that is built with CUDA starts where there is none.
//
// Every function of symbols.txt is a jump through `apl_slots`, whose entries lead at first to `apl_find`. What the machine lacks is a function that
// returns an error.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

struct symbol {
    const char *name;
    int library;
};
extern const struct symbol apl_symbols[];
extern const char *const apl_libraries[];
extern const int apl_library_count;
extern void *apl_slots[];

static void *handles[16];
static char trouble[512];

static void *library(int number) {
    if (!handles[number]) handles[number] = dlopen(apl_libraries[number], RTLD_NOW | RTLD_GLOBAL);
    return handles[number];
}

// CUDA_ERROR_SHARED_OBJECT_INIT_FAILED; no success in any of the libraries.
static long missing(void) { return 303; }

static const char *missing_text(void) { return "CUDA's libraries are not there"; }

void *apl_find(long index) {
    const struct symbol *symbol = &apl_symbols[index];
    void *handle = library(symbol->library), *found = handle ? dlsym(handle, symbol->name) : 0;
    if (!found) {
        const size_t length = strlen(symbol->name);
        const int text = length > 9 && strncmp(symbol->name, "cu", 2) == 0 && symbol->name[2] == 'd' &&
                         (!strcmp(symbol->name + length - 9, "ErrorName") ||
                          (length > 11 && !strcmp(symbol->name + length - 11, "ErrorString")));
        found = text ? (void *)missing_text : (void *)missing;
    }
    return apl_slots[index] = found;
}

// What keeps the libraries whose names begin so from being used, or nothing.
const char *apl_cuda_trouble(const char *names) {
    for (int number = 0; number < apl_library_count; ++number) {
        const int asked = !strncmp(apl_libraries[number], names, strlen(names));
        if (asked && !library(number)) {
            const char *why = dlerror();
            snprintf(trouble, sizeof trouble, "%s", why ? why : apl_libraries[number]);
            return trouble;
        }
    }
    return 0;
}
